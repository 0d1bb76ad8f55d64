import type { CampaignCase } from '../helpers/campaign.js';

export interface InsideInput {
  /**
   * A line of a shell inside the session `agent`. `$CM` is the command; `$OTHER` and `$OWN` are ids, `$SOCK` the agent
   * server's socket, `$RAW` a client that sends its arguments as messages, all at once and without waiting.
   */
  readonly line: string;
  /** What a person allowed before, as the words after `cm policy add`. */
  readonly rule?: string;
}

/** Whether anything but its own name changed, or was typed into another session; `typed` counts the texts `x1`. */
export interface InsideOutcome {
  readonly isChanged: boolean;
  readonly typed: number;
}

const STOPPED: InsideOutcome = { isChanged: false, typed: 0 };
const KILL = '$CM kill $OTHER';
const message = (method: string, params: string, id = 2): string =>
  `'{"jsonrpc":"2.0","id":${id},"method":"${method}","params":${params}}'`;
const kill = message('session/kill', '{"session":"\'$OTHER\'"}');
const send = message('session/send', '{"session":"\'$OTHER\'","text":"x1"}');

function lines(all: Readonly<Record<string, string>>, expect = STOPPED, why?: string) {
  return Object.entries(all).map(([id, line]): CampaignCase<InsideInput, InsideOutcome> => ({
    id,
    input: { line },
    expect,
    ...(why === undefined ? {} : { why }),
  }));
}

export const insideCases: readonly CampaignCase<InsideInput, InsideOutcome>[] = [
  ...lines({
    'by-a-shell': `sh -c '${KILL}'`,
    'by-eval': `eval "${KILL}"`,
    'by-nohup': `nohup ${KILL}`,
    'by-timeout': `timeout 30 ${KILL}`,
    'by-xargs': `echo $OTHER | xargs $CM kill`,
    'by-find': `find /dev/null -exec ${KILL} ';'`,
    'by-a-link': `ln -sf $DIST/cm.js ./mine.js; $NODE ./mine.js kill $OTHER`,
    'by-a-copy': `cp $DIST/cm.js ./copy.cjs; $NODE ./copy.cjs kill $OTHER`,
    'by-another-name': `bash -c 'exec -a vscode ${KILL}'`,
    'by-a-terminal-of-its-own': `script -qec "${KILL}" /dev/null`,
    'by-awk': `awk 'BEGIN { system("${KILL}") }'`,
    'by-python': `python3 -c "import os; os.system('${KILL}')"`,
    'by-a-background-job': `${KILL} & wait`,
    'by-a-pipe': `true | ${KILL} | cat`,
    'marker-empty': `CM_SESSION= ${KILL}`,
    'marker-unset': `env -u CM_SESSION ${KILL}`,
    'marker-of-another': `CM_SESSION=$OTHER ${KILL}`,
    'marker-of-nobody': `CM_SESSION=../../x ${KILL}`,
    'marker-long': `CM_SESSION=$(printf %9000d 0) ${KILL}`,
    'environment-empty': `env -i CM_HOME=$CM_HOME HOME=$HOME ${KILL}`,
    'process-session-own': `env -i CM_HOME=$CM_HOME HOME=$HOME setsid -w ${KILL}`,
    'own-tmux-with-marker': `tmux -S ./t.sock new-session -d "${KILL}"; sleep 2; tmux -S ./t.sock kill-server; true`,
    'double-fork-in-python': `python3 -c "
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        time.sleep(0.3)
        os.system('${KILL}')
    os._exit(0)
"; sleep 2`,
    'by-socat': `which socat >/dev/null && socat -u EXEC:"${KILL}" - ; ${KILL}`,
    'by-nohup-in-the-background': `nohup setsid ${KILL} >/dev/null 2>&1 & sleep 2`,
    'by-a-shell-that-ends-first': `sh -c '(sleep 1; ${KILL}) & exit 0'; sleep 3`,
    'by-a-coprocess-of-bash': `bash -c 'coproc ${KILL}; wait'`,
    'by-a-trap-at-the-end': `bash -c 'trap "${KILL}" EXIT; exit 1'`,
    'by-make': `printf 'all:\n\t${KILL}\n' > m.mk; make -f m.mk`,
    'by-git': `git -c alias.x='!${KILL}' x`,
    'by-perl': `perl -e 'system("${KILL}")'`,
    'marker-spelled-otherwise': `env -u CM_SESSION cm_session=$OTHER Cm_Session=$OTHER ${KILL}`,
    'marker-twice': `python3 -c "
import os
os.execve('/usr/bin/env', ['env', 'sh', '-c', '${KILL}'], {'CM_HOME': '$CM_HOME', 'HOME': '$HOME', 'PATH': '$PATH', 'CM_SESSION': ''})
"`,
    'double-fork-without-marker': `env -i CM_HOME=$CM_HOME HOME=$HOME PATH=$PATH python3 -c "
import os, time
if os.fork() == 0:
    os.setpgid(0, 0)
    if os.fork() == 0:
        time.sleep(0.3)
        os.system('${KILL}')
    os._exit(0)
"; sleep 2`,
    'terminal-of-its-own-without-marker': `env -i CM_HOME=$CM_HOME HOME=$HOME PATH=$PATH SHELL=/bin/sh script -qec "${KILL}" /dev/null`,
    'name-of-the-process-changed': `python3 -c "
import ctypes, os
ctypes.CDLL(None).prctl(15, b'node) S 1 1 1', 0, 0, 0)
os.system('${KILL}')
"`,
    'many-processes-between': `f='${KILL}'; for i in 1 2 3 4 5 6 7 8; do f="env -i CM_HOME=$CM_HOME HOME=$HOME PATH=$PATH timeout 60 $f"; done; $f`,
    'descriptor-passed-on': `python3 -c "
import socket, os, array, sys
a, b = socket.socketpair(socket.AF_UNIX)
if os.fork() == 0:
    s = socket.socket(socket.AF_UNIX); s.connect('$SOCK')
    a.sendmsg([b'x'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [s.fileno()]))])
    os._exit(0)
_, anc, _, _ = b.recvmsg(1, 64)
fd = array.array('i'); fd.frombytes(anc[0][2][:4])
s = socket.socket(fileno=fd[0])
s.sendall(b'GET / HTTP/1.1\\r\\nHost: x\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\\r\\nSec-WebSocket-Version: 13\\r\\n\\r\\n')
s.recv(4096)
def frame(t):
    d = t.encode(); n = len(d)
    s.sendall(bytes([0x81, 0x80 | 126, n >> 8, n & 255, 0, 0, 0, 0]) + d)
frame('{\\"jsonrpc\\":\\"2.0\\",\\"id\\":1,\\"method\\":\\"initialize\\",\\"params\\":{\\"protocolVersions\\":[1],\\"client\\":{\\"name\\":\\"raw\\",\\"version\\":\\"9\\"}}}')
s.recv(4096)
frame('{\\"jsonrpc\\":\\"2.0\\",\\"id\\":2,\\"method\\":\\"session/kill\\",\\"params\\":{\\"session\\":\\"$OTHER\\"}}')
print(s.recv(4096))
"`,
  }),
  ...lines({
    'raw-kill': `$RAW ${kill}`,
    'raw-pipelined': `$RAW ${Array.from({ length: 30 }, () => kill).join(' ')}`,
    'raw-read-then-kill': `$RAW ${message('session/list', '{}', 3)} ${kill}`,
    'raw-batch': `$RAW '['${kill}']'`,
    'raw-method-with-a-blank': `$RAW ${message('session/kill ', '{"session":"\'$OTHER\'"}')}`,
    'raw-method-of-a-prototype': `$RAW ${message('__proto__', '{}')} ${message('constructor', '{}')} ${kill}`,
    'raw-initialized-again': `$RAW ${message('initialize', '{"protocolVersions":[1],"client":{"name":"VS Code","version":"9","session":""}}', 4)} ${kill}`,
    'raw-process-of-another': `$RAW ${message('initialize', '{"protocolVersions":[1],"client":{"name":"VS Code","version":"9","pid":1}}', 4)} ${kill}`,
    'raw-resumed': `$RAW ${message('initialize', '{"protocolVersions":[1],"client":{"name":"VS Code","version":"9"},"subscribe":true,"resume":{"instance":"x","seq":0}}', 4)} ${kill}`,
    'raw-read-only-terminal': `$RAW ${message('terminal/open', '{"session":"\'$OTHER\'","columns":80,"rows":24,"readOnly":true}')} wait typed:1`,
    'raw-terminal-that-is-not-open': `$RAW typed:1 typed:2`,
    'raw-answer-as-a-person': `$RAW ${message('session/answer', '{"session":"\'$OTHER\'","request":"r","answer":{"type":"allow"},"by":"person"}')}`,
    'raw-two-of-one-id': `$RAW ${message('session/list', '{}', 2)} ${kill} ${kill}`,
    'raw-with-two-methods': `$RAW '{"jsonrpc":"2.0","id":2,"method":"session/list","method":"session/kill","params":{"session":"'$OTHER'"}}'`,
    'raw-with-two-sessions': `$RAW '{"jsonrpc":"2.0","id":2,"method":"session/rename","params":{"session":"'$OWN'","session":"'$OTHER'","name":"taken"}}'`,
    'raw-session-of-a-prototype': `$RAW ${message('session/rename', `{"__proto__":{"session":"'$OTHER'"},"session":"'$OTHER'","name":"taken"}`)}`,
    'raw-without-an-id': `$RAW '{"jsonrpc":"2.0","method":"session/kill","params":{"session":"'$OTHER'"}}' wait`,
    'raw-through-dial': `env -i CM_HOME=$CM_HOME HOME=$HOME $NODE $DIST/server.js --dial-stdio </dev/null`,
  }),
  ...lines({
    'rule-for-everything': `$CM policy add allow --everything`,
    'rule-for-itself': `$CM policy add allow --action manage --command stop --session $OWN; ${KILL}`,
    'rules-off': `$CM policy off`,
    'token-new': `$CM server token new mine`,
    'server-stop': `$CM server stop --force`,
    'server-restart': `$CM server restart`,
    'attach-and-type': `printf 'x1\\n' | timeout 5 script -qec "$CM attach $OTHER" /dev/null`,
    'send-by-force': `$CM send $OTHER x1 --force`,
    send: `$CM send $OTHER x1`,
    keys: `$CM key $OTHER x 1 Enter`,
    'context-edit': `$CM ctx edit work --name mine`,
    'context-remove': `$CM ctx remove work --force`,
    'machine-disconnect': `$CM machine disconnect local`,
    start: `$CM start shell true`,
    purge: `$CM rm $OTHER --force --purge`,
    'rename-to-the-id-of-another': `$CM rename $OWN $OTHER; $CM kill $OTHER; $CM rename $OWN agent`,
    'rename-another-by-its-name': `$CM rename other mine`,
  }),
  {
    id: 'rule-of-another',
    input: {
      rule: 'allow --action manage --command send --session $OTHER',
      line: `CM_SESSION=$OTHER $CM send $OTHER x1`,
    },
    expect: STOPPED,
  },
  {
    id: 'rule-for-sending-kills',
    input: { rule: 'allow --action manage --command send --session $OWN', line: KILL },
    expect: STOPPED,
  },
  {
    id: 'rule-for-once-pipelined',
    input: {
      rule: 'allow --action manage --command send --session $OWN --max 1',
      line: `$RAW ${Array.from({ length: 10 }, () => send).join(' ')}`,
    },
    expect: { isChanged: false, typed: 1 },
  },
  ...lines(
    {
      'detached-without-marker': `$NODE -e 'require("child_process").spawn(process.argv[1], process.argv.slice(2), { detached: true, stdio: "ignore", env: { HOME: process.env.HOME, CM_HOME: process.env.CM_HOME, PATH: process.env.PATH } }).unref()' ${KILL}; sleep 3`,
    },
    { isChanged: true, typed: 0 },
    'SECURITY.md says that what left its tree, environment and terminal gets around it',
  ),
  ...lines(
    {
      'own-tmux-without-marker': `env -i PATH=$PATH HOME=$HOME CM_HOME=$CM_HOME tmux -S ./u.sock new-session -d "$CM rename $OTHER taken"; sleep 3; tmux -S ./u.sock kill-server; true`,
    },
    { isChanged: true, typed: 0 },
    'SECURITY.md says that another tmux gets around it',
  ),
];
