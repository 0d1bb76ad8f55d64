import { randomBytes } from 'node:crypto';

/** Random text that nothing on a host can guess; plain to every shell. */
export function newMark(): string {
  return `cm${randomBytes(16).toString('hex')}`;
}

/**
 * Bytes as the format of `printf`, in single quotes: plain ASCII on one line, whatever the bytes are. It is read the
 * same by every POSIX shell and by fish and csh, but for `!`, which only an interactive csh takes for something.
 */
function printfFormat(data: Uint8Array): string {
  let text = '';
  for (const byte of data) text += ENCODED[byte] ?? '';
  // `printf` would take it for an option.
  return `'${text.startsWith('-') ? `\\055${text.slice(1)}` : text}'`;
}

const ENCODED = Array.from({ length: 256 }, (_, byte) => {
  if (byte === 0x0a) return '\\n';
  if (byte === 0x25) return '%%';
  const isPlain = byte >= 0x20 && byte < 0x7f && byte !== 0x5c && byte !== 0x27;
  return isPlain ? String.fromCharCode(byte) : `\\${byte.toString(8).padStart(3, '0')}`;
});

/** One argument has at most 128 KiB on Linux, and `printf` is a program of its own in some shells. */
const PRINTF_BYTES = 16 * 1024;

/** Commands that print these bytes. */
export function printCommands(data: Uint8Array): string {
  const commands: string[] = [];
  for (let at = 0; at < data.length; at += PRINTF_BYTES) {
    commands.push(`printf ${printfFormat(data.subarray(at, at + PRINTF_BYTES))}`);
  }
  return commands.length === 0 ? ':' : commands.join('\n');
}

/**
 * A command line that runs a POSIX script on a host, whatever the login shell there is. It is seen by everybody on that
 * host for as long as the script runs: nothing secret goes in it.
 */
export function scriptCommand(script: string, variant: ShellVariant): string {
  let text = '';
  for (const byte of Buffer.from(script)) {
    // Only what no shell takes for anything, in single or double quotes, also not the formats of printf.
    text +=
      /[A-Za-z0-9 _./=:,@+-]/.test(String.fromCharCode(byte)) && byte < 0x80
        ? String.fromCharCode(byte)
        : `\\${byte.toString(8).padStart(3, '0')}`;
  }
  return `${prefix(variant, false)} 'eval "$(printf "${text}")"'`;
}

/** How the login shell is made to start a POSIX shell: an `exec`, or, where a restricted one refuses that, by name. */
export type ShellVariant = 'exec' | 'plain';
export const SHELL_VARIANTS: readonly ShellVariant[] = ['exec', 'plain'];

function prefix(variant: ShellVariant, clean: boolean): string {
  const program = `${clean ? 'env -i ' : ''}${variant === 'exec' ? '/bin/sh' : 'sh'} -c`;
  return variant === 'exec' ? `exec ${program}` : program;
}

// Single quotes around text without single quotes, `!` and line breaks: the same to every login shell. Programs and
// shells may read more of their input than they use, `read` never does: so requests are read by lines, and what
// follows them is left to whom it is for.
const READ_REQUEST = 'IFS= read -r n;q=;N=$(printf "\\n_");N=${N%_};while IFS= read -r l;do if [ "$l" = "$n" ];then';

/**
 * A command line that prints `<hello> <pid> <parent>` and then runs requests: the first line that it reads is a mark,
 * and each further line that is this mark ends a request, which is run and answered with `<mark> <status>`.
 */
export function loopCommand(hello: string, variant: ShellVariant): string {
  return `${prefix(variant, false)} '${sayHello(hello)}${READ_REQUEST} eval "$q";printf "\\n%s %s\\n" "$n" $?;q=;else q=$q$l$N;fi;done'`;
}

/** A command line that says hello on both outputs and runs one request, in an empty environment, with the rest of its input. */
export function onceCommand(hello: string, variant: ShellVariant): string {
  return `${prefix(variant, true)} '${sayHello(hello)}printf "\\n%s\\n" ${hello} >&2;${READ_REQUEST} break;else q=$q$l$N;fi;done;eval "$q"'`;
}

function sayHello(hello: string): string {
  return `printf "\\n%s %s %s\\n" ${hello} $$ $PPID;`;
}

/** A request as {@link loopCommand} and {@link onceCommand} read it. */
export function requestText(script: string, mark: string): string {
  return `${script}\n${mark}\n`;
}
