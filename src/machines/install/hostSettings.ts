import { posix } from 'node:path';
import { whyNotWritten } from '../../core/store/printedError.js';
import { CodeManagerError } from '../../protocol/errors.js';
import { runScript } from './hostScript.js';
import type { SshConnection } from '../ssh/sshConnection.js';

/** What an agent server on a host has to know about it. */
export interface HostSettings {
  readonly tmux?: string | undefined;
  readonly setup?: string | undefined;
}

/** Merges standard input into the file; says whether that changed it. A link to the file stays one. */
const MERGE =
  'const f=require("fs");let p=process.argv[1];try{p=f.realpathSync(p)}catch{}' +
  'let t="{}";try{t=f.readFileSync(p,"utf8")}catch(e){if(e.code!=="ENOENT")throw e}' +
  'const o=JSON.parse(t);if(Object.prototype.toString.call(o)!=="[object Object]")throw SyntaxError();' +
  'const w=JSON.parse(f.readFileSync(0,"utf8"));' +
  'if(Object.entries(w).every(([k,v])=>o[k]===v)){console.log("same")}else{' +
  'const n=p+"."+process.pid+".tmp";f.writeFileSync(n,JSON.stringify({...o,...w},null,2)+"\\n",{mode:0o600});' +
  'f.renameSync(n,p);console.log("changed")}';

/**
 * Writes settings into the `config.json` of a host; what else is there stays. Nothing given leaves the file alone: the
 * person may have written it there.
 *
 * @param home the folder of all data there
 * @param node its Node.js
 * @returns whether the file is different from before
 * @throws CodeManagerError `invalid` when the file cannot be read: a person's file is never replaced by a guess
 */
export async function writeHostSettings(
  connection: SshConnection,
  { tmux, setup }: HostSettings,
  { home, node, signal }: { readonly home: string; readonly node: string; readonly signal: AbortSignal },
): Promise<boolean> {
  if (tmux === undefined && setup === undefined) return false;
  const path = posix.join(home, 'config.json');
  const { code, stdout, stderr } = await runScript(
    connection,
    'umask 077; n="$1"; e="$2"; shift 2; exec env ELECTRON_RUN_AS_NODE=1 "$n" -e "$e" "$@"',
    { signal, args: [node, MERGE, path], stdin: Buffer.from(JSON.stringify({ tmux, setup })) },
  );
  if (code === 0) return stdout.includes('changed');
  throw new CodeManagerError('invalid', `${path} cannot be changed: ${reasonOf(stderr)}`, {
    hint: 'Mend it there; what --tmux and --setup say is written into it.',
  });
}

function reasonOf(printed: string): string {
  const line = /^\w*Error\b.*$/m.exec(printed)?.[0] ?? printed;
  return line.startsWith('SyntaxError') ? 'it holds no JSON object' : whyNotWritten(line).reason;
}
