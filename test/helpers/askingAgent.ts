/** A program that asks before each command as agents do: `ask COMMAND FILE` writes `x` to the file when it is allowed. */
export function askingScript(steps: readonly string[]): string {
  return `#!/bin/sh
stty -echo -icanon min 1
draw() {
  printf '\\033[2J\\033[H%s\\r\\n' "$1"
}
ask() {
  printf '\\033[2J\\033[HRun this?\\r\\n\\r\\n  $ %s\\r\\n\\r\\n> 1. Yes\\r\\n  2. Yes, always\\r\\n  3. No\\r\\n' "$1"
  key=
  while [ "$key" != 1 ] && [ "$key" != 2 ] && [ "$key" != 3 ]; do key=$(dd bs=1 count=1 2>/dev/null); done
  case $key in
    1 | 2) echo x >>"$2" ;;
  esac
  draw working...
}
draw ready
read -r start
${steps.join('\n')}
draw idle
exec cat
`;
}

/** What is known of it. @param isExact also how it draws its dialog, so that a rule can decide by its screen */
export function askingTool(program: string, isExact = false): object {
  return {
    name: 'Asking',
    command: [program],
    versionArgs: null,
    startup: { ready: ['^ready$'], stableMs: 0 },
    screen: {
      options: { cursor: '>' },
      dialogs: {
        shell: {
          kind: 'permission',
          action: 'shell',
          all: ['^Run this\\?$'],
          option: '^Yes',
          read: ['^ *\\$ (?<command>.*\\n)'],
          ...(isExact
            ? { begin: '^Run this\\?$', drawn: [['^Run this\\?$', '^$', '^ {2}\\$ (?<command>.*)$', '^$']] }
            : {}),
        },
      },
      working: ['^working'],
      idle: ['^(?:idle|ready)$'],
      lines: 3,
    },
  };
}
