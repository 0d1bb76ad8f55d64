import { COMMANDS, GROUPS } from './commands.js';
import { HELP_FLAG, JSON_FLAG, type Command, type Flag } from './command.js';

const WIDTH = 100;

/** What `cm` alone prints. */
export function overview(): string[] {
  return [
    'Code Manager runs coding agents in tmux, shows what they do, and never loses them.',
    '',
    'Usage: cm COMMAND [ARGUMENTS] [FLAGS]',
    '',
    ...commandList(COMMANDS),
    '',
    'ID is the id of a session, a unique beginning of it (4 letters or more), or its name.',
    'Results go to the standard output, everything else to the standard error. Every command has --json and --help.',
    'Environment: CM_HOME (default ~/.cm), NO_COLOR.',
    'Exit codes: 0 done · 1 failed · 2 wrong use · 3 not found · 4 unreachable · 5 sign-in needed · 6 conflict ·',
    '7 something is missing there · 124 timed out · 130 interrupted.',
  ];
}

export function groupHelp(group: string): string[] {
  const commands = COMMANDS.filter(({ path }) => path[0] === group && path.length > 1);
  return [GROUPS[group] ?? '', '', `Usage: cm ${group} COMMAND`, '', ...commandList(commands)];
}

export function commandHelp(command: Command): string[] {
  const flags = [...command.flags, JSON_FLAG, HELP_FLAG];
  const aliases = (command.aliases ?? []).map((path) => `cm ${path.join(' ')}`);
  return [
    `Usage: ${usage(command)}`,
    '',
    command.summary,
    ...(command.details === undefined ? [] : ['', ...wrap(command.details, WIDTH)]),
    '',
    'Flags:',
    ...pairs(flags.map((flag) => [flagText(flag), flag.description])),
    ...(aliases.length === 0 ? [] : ['', `Also: ${aliases.join(', ')}`]),
    ...(command.examples === undefined ? [] : ['', 'Examples:', ...command.examples.map((line) => `  ${line}`)]),
  ];
}

function usage(command: Command): string {
  const args = command.args.map((argument) => {
    const name = argument.isRepeated === true ? `${argument.name}…` : argument.name;
    return argument.isOptional === true ? `[${name}]` : name;
  });
  const rest = command.rest === undefined ? [] : [`[-- ${command.rest}…]`];
  return ['cm', ...command.path, ...args, '[FLAGS]', ...rest].join(' ');
}

function flagText(flag: Flag): string {
  const value = flag.value === undefined ? '' : flag.isValueOptional === true ? `[=${flag.value}]` : ` ${flag.value}`;
  return `${flag.short === undefined ? '    ' : `-${flag.short}, `}--${flag.name}${value}`;
}

function commandList(commands: readonly Command[]): string[] {
  return pairs(commands.map((command) => [command.path.join(' '), command.summary]));
}

function pairs(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.flatMap(([name, text]) =>
    wrap(text, WIDTH - width - 4).map((line, i) => `  ${(i === 0 ? name : '').padEnd(width)}  ${line}`),
  );
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}
