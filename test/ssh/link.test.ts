import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import test from 'node:test';
import type { Clock } from '../../src/common/async.js';
import type { LinkState } from '../../src/core/machine/machine.js';
import type { Asker } from '../../src/core/machine/operation.js';
import { connectSsh } from '../../src/machines/ssh/connectSsh.js';
import { probePort, type PortAddress } from '../../src/machines/ssh/portProbe.js';
import { LinkDriver, type LinkedHost } from '../../src/machines/link/linkDriver.js';
import { CodeManagerError } from '../../src/protocol/errors.js';
import type { Check } from '../../src/protocol/requests.js';
import { LinkProxy } from '../helpers/linkProxy.js';
import { silentLogger } from '../helpers/silentLogger.js';
import { until } from '../helpers/until.js';
import { connectedHost, machineOn } from './sshHost.js';
import { Sshd } from './sshd.js';

/** Time that passes only when it is told to. */
class StoppedClock implements Clock {
  time = 1_000_000;
  #timers: { at: number; run: () => void }[] = [];

  now(): number {
    return this.time;
  }

  after(ms: number, run: () => void): { cancel(): void } {
    const timer = { at: this.time + ms, run };
    this.#timers.push(timer);
    return { cancel: () => void (this.#timers = this.#timers.filter((one) => one !== timer)) };
  }

  /** Runs what is due on the way. With `jump` it is all due at the end, as after a sleep. */
  async pass(ms: number, { jump = false } = {}): Promise<void> {
    const end = this.time + ms;
    if (jump) this.time = end;
    for (;;) {
      const next = this.#timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      this.#timers = this.#timers.filter((one) => one !== next);
      this.time = Math.max(this.time, next.at);
      next.run();
      for (let i = 0; i < 10; i++) await Promise.resolve();
    }
    this.time = end;
  }
}

interface FakeHost extends LinkedHost {
  pings: number;
  answers: boolean;
  bytesRead: number;
  close(error?: CodeManagerError): void;
}

function fakeHost(): FakeHost {
  let listener: (error: CodeManagerError | undefined) => void = () => undefined;
  return {
    node: 'lab-3',
    pings: 0,
    answers: true,
    bytesRead: 0,
    ping() {
      this.pings++;
      return this.answers ? Promise.resolve() : new Promise(() => undefined);
    },
    look: () => Promise.resolve('anna on lab-3'),
    onClose(added) {
      listener = added;
      return { dispose: () => undefined };
    },
    close: (error) => listener(error),
    dispose: () => undefined,
  };
}

function linkTo(
  connect: () => Promise<LinkedHost>,
  knock?: () => Promise<boolean>,
): {
  link: LinkDriver;
  clock: StoppedClock;
  states: LinkState['connection'][];
} {
  const clock = new StoppedClock();
  const link = new LinkDriver({
    connect,
    onHost: () => undefined,
    ...(knock === undefined ? {} : { knock }),
    clock,
    log: silentLogger,
    random: () => 0.5,
  });
  const states: LinkState['connection'][] = [];
  link.onDidChange(({ connection }) => states.push(connection));
  return { link, clock, states };
}

test('a silent host is asked whether it is there, three times a minute and no more', async () => {
  const host = fakeHost();
  const { link, clock } = linkTo(() => Promise.resolve(host));
  await link.connect();
  await clock.pass(600_000);
  assert.equal(link.state.connection, 'connected');
  assert.ok(host.pings >= 20 && host.pings <= 30, String(host.pings));
  link.dispose();
});

test('a host that sends by itself is not asked', async () => {
  const host = fakeHost();
  const { link, clock } = linkTo(() => Promise.resolve(host));
  await link.connect();
  for (let i = 0; i < 20; i++) {
    host.bytesRead += 10;
    await clock.pass(5_000);
  }
  assert.equal(host.pings, 0);
  link.dispose();
});

test('a connection whose other end is gone without a word is found out and replaced', async () => {
  const first = fakeHost();
  const second = fakeHost();
  const hosts = [first, second];
  const { link, clock, states } = linkTo(() => Promise.resolve(hosts.shift() ?? second));
  await link.connect();
  first.answers = false;
  await clock.pass(40_000);
  assert.deepEqual(states, ['connecting', 'connected', 'connecting', 'connected']);
  link.dispose();
});

test('after a sleep the host is asked at once, and one that was waited for is tried at once', async () => {
  let tries = 0;
  let host: FakeHost | undefined = fakeHost();
  const first = host;
  const { link, clock } = linkTo(() => {
    tries++;
    return host === undefined ? Promise.reject(new CodeManagerError('unavailable', 'gone')) : Promise.resolve(host);
  });
  await link.connect();
  await clock.pass(3_600_000, { jump: true });
  assert.ok(first.pings >= 1);
  host = undefined;
  first.close();
  await clock.pass(300_000);
  assert.equal(link.state.connection, 'offline');
  const before = tries;
  host = fakeHost();
  await clock.pass(20_000, { jump: true });
  assert.equal(link.state.connection, 'connected');
  assert.equal(tries, before + 1);
  link.dispose();
});

test('a host that can be reached again is tried at once, however far away the next try is', async () => {
  let tries = 0;
  let isOpen = false;
  const { link, clock } = linkTo(
    () => {
      tries++;
      return isOpen ? Promise.resolve(fakeHost()) : Promise.reject(new CodeManagerError('unavailable', 'gone'));
    },
    () => Promise.resolve(isOpen),
  );
  await assert.rejects(link.connect(), { code: 'unavailable' });
  await clock.pass(130_000);
  const { nextTry } = link.state;
  assert.ok(nextTry !== null && Date.parse(nextTry) > clock.now() + 20_000, String(nextTry));
  const before = tries;
  isOpen = true;
  await clock.pass(500);
  assert.equal(link.state.connection, 'connected');
  assert.equal(tries, before + 1);
  link.dispose();
});

test('a host that answers and cannot be used is tried no more often than one that is silent', async () => {
  for (const answers of [true, false]) {
    let tries = 0;
    const { link, clock } = linkTo(
      () => {
        tries++;
        return Promise.reject(new CodeManagerError('unavailable', 'no shell'));
      },
      () => Promise.resolve(answers),
    );
    await assert.rejects(link.connect(), { code: 'unavailable' });
    await clock.pass(60_000);
    assert.equal(tries, 6);
    link.dispose();
  }
});

test('a knock finds an sshd, and nothing else', async (t) => {
  const sshd = await Sshd.start(t);
  const link = await LinkProxy.open(t, { port: sshd.port });
  const mute = createServer((socket) => socket.end('220 mail\r\n'));
  await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
  t.after(() => mute.close());
  const at = (port: number): PortAddress => ({ addresses: [{ address: '127.0.0.1', family: 4 }], port });
  assert.equal(await probePort(at(link.port)), true);
  assert.equal(
    await probePort({ ...at(link.port), addresses: [{ address: '127.0.0.9', family: 4 }, ...at(0).addresses] }),
    true,
  );
  link.cut();
  assert.equal(await probePort(at(link.port)), false);
  link.hold();
  assert.equal(await probePort(at(link.port)), false);
  link.mend();
  assert.equal(await probePort(at((mute.address() as AddressInfo).port)), false);
  await sshd.stop();
  assert.equal(await probePort(at(sshd.port)), false);
});

test('a refused sign-in is tried once and never again without a person', async () => {
  let tries = 0;
  const { link, clock, states } = linkTo(() => {
    tries++;
    return Promise.reject(new CodeManagerError('unauthorized', 'permission denied'));
  });
  await assert.rejects(link.connect(), { code: 'unauthorized' });
  await clock.pass(3_600_000);
  await clock.pass(3_600_000, { jump: true });
  assert.equal(tries, 1);
  assert.deepEqual(states, ['connecting', 'signInNeeded']);
  await assert.rejects(link.connect(), { code: 'unauthorized' });
  assert.equal(tries, 2);
  link.dispose();
});

test('a person who can be asked takes the place of a try that asks nobody', async () => {
  const aborted: boolean[] = [];
  const clock = new StoppedClock();
  const host = fakeHost();
  const link = new LinkDriver({
    connect: (operation, signal) =>
      operation?.asker !== undefined
        ? Promise.resolve(host)
        : new Promise((_, reject) =>
            signal.addEventListener('abort', () => {
              aborted.push(true);
              reject(new CodeManagerError('cancelled', 'given up'));
            }),
          ),
    onHost: () => undefined,
    clock,
    log: silentLogger,
  });
  const silent = link.connect();
  silent.catch(() => undefined);
  const asker = { ask: () => Promise.resolve(null) };
  await link.connect({ asker, signal: new AbortController().signal, progress: () => undefined });
  assert.equal(link.state.connection, 'connected');
  assert.deepEqual(aborted, [true]);
  await assert.rejects(silent, { code: 'cancelled' });
  await link.disconnect();
  assert.equal(link.state.connection, 'offline');
  link.dispose();
});

/** The steps of a test, as `name status`, and the details. */
async function walk(link: LinkDriver, asker?: Asker): Promise<{ steps: string[]; details: string[] }> {
  const checks: Check[] = [];
  const operation = { asker, signal: new AbortController().signal, progress: () => undefined };
  const isFine = await link.test(operation, (check) => checks.push(check));
  assert.equal(isFine, checks.at(-1)?.status === 'ok');
  return {
    steps: checks.map(({ name, status }) => `${name} ${status}`),
    details: checks.map(({ detail }) => detail),
  };
}

test('a test goes over the connection that is open, and the one that it had to make stays', async () => {
  const hosts: FakeHost[] = [];
  const { link, clock } = linkTo(() => {
    const host = fakeHost();
    hosts.push(host);
    return Promise.resolve(host);
  });
  for (let i = 0; i < 3; i++) {
    const { steps, details } = await walk(link);
    assert.deepEqual(steps, ['connect ok', 'shell ok']);
    assert.deepEqual(details, ['over the open connection', 'anna on lab-3']);
    await link.connect();
    assert.equal(hosts.length, 1);
  }
  // One that has gone without a word is none.
  for (const host of hosts) host.answers = false;
  const again = walk(link);
  await clock.pass(4_000);
  assert.deepEqual((await again).steps, ['connect ok', 'shell ok']);
  assert.ok(hosts.length > 1);
  link.dispose();
});

test('a test leaves the way to a host as it was, unless it is refused', async () => {
  let failure = new CodeManagerError('unavailable', 'nothing answers');
  const tried: string[] = [];
  const { link, clock } = linkTo(() => {
    tried.push(failure.message);
    return Promise.reject(failure);
  });
  const isLeft = async (connection: LinkState['connection'], isTriedAgain: boolean): Promise<void> => {
    assert.deepEqual([link.state.connection, link.state.nextTry !== null], [connection, isTriedAgain]);
    const before = tried.length;
    await clock.pass(200_000);
    assert.equal(tried.length > before, isTriedAgain);
  };
  assert.match((await walk(link)).steps.join(), /failed$/);
  await isLeft('offline', false);
  await assert.rejects(link.connect(), { code: 'unavailable' });
  await walk(link);
  await isLeft('offline', true);
  failure = new CodeManagerError('unauthorized', 'permission denied');
  await walk(link);
  await isLeft('signInNeeded', false);
  failure = new CodeManagerError('unavailable', 'nothing answers');
  await walk(link);
  await isLeft('signInNeeded', false);
  assert.equal(link.state.problem?.message, 'permission denied');
  link.dispose();
});

test('a test that is given up or too late does not keep a host that is waited for from being tried again', async () => {
  let tries = 0;
  const clock = new StoppedClock();
  const link = new LinkDriver({
    connect: (_operation, signal) => {
      tries++;
      return new Promise((_, reject) =>
        signal.addEventListener('abort', () => reject(new CodeManagerError('cancelled', 'given up'))),
      );
    },
    onHost: () => undefined,
    clock,
    log: silentLogger,
    random: () => 0.5,
  });
  const silent = link.connect();
  silent.catch(() => undefined);
  for (const code of ['timeout', 'cancelled'] as const) {
    const controller = new AbortController();
    const asker = { ask: () => Promise.resolve(null) };
    const checks: Check[] = [];
    const operation = { asker, signal: controller.signal, progress: () => undefined };
    const testing = link.test(operation, (check) => checks.push(check));
    await until('it is tried', () => tries % 2 === 0);
    controller.abort(new CodeManagerError(code, 'enough'));
    assert.equal(await testing, false);
    assert.equal(checks.at(-1)?.status, 'failed');
    for (let i = 0; i < 10; i++) await Promise.resolve();
    assert.notEqual(link.state.nextTry, null, code);
    const before = tries;
    await clock.pass(5_000);
    assert.equal(tries, before + 1);
  }
  link.dispose();
});

test('while a host is away every call says so at once, and it comes back by itself', async (t) => {
  const { host, machine } = await connectedHost(t);
  const stream = machine.open(['cat']);
  const ended = new Promise((resolve) => stream.onExit(resolve));
  const lost: unknown[] = [];
  machine.watch(
    host.home,
    () => undefined,
    (error) => lost.push(error),
  );
  const failed: unknown[] = [];
  machine.followFile(join(host.home, 'x'), 0, { data: () => undefined, fail: (error) => failed.push(error) });
  const waiting = machine.run(['sleep', '60']);
  waiting.catch(() => undefined);
  const seen: LinkState[] = [];
  machine.link.onDidChange((state) => seen.push(state));
  await host.stop();
  await until('it is seen', () => machine.link.state.connection !== 'connected');
  await assert.rejects(machine.stat('/'), { code: 'unavailable', message: /^box cannot be reached/ });
  await assert.rejects(waiting, { code: 'unavailable' });
  await assert.rejects(machine.identity(), { code: 'unavailable' });
  await ended;
  await until('the others are told', () => lost.length === 1 && failed.length === 1);
  assert.equal(machine.resolvePath('~'), host.home);
  await until('it waits', () => machine.link.state.nextTry !== null);
  assert.ok(machine.link.state.lastSeen !== null && machine.link.state.problem !== null);
  await host.start();
  await until('it is back', () => machine.link.state.connection === 'connected');
  assert.equal((await machine.stat('/'))?.isDirectory, true);
  assert.equal(seen.at(-1)?.connection, 'connected');
});

test('the way to a host is told step by step, and where it ends', async (t) => {
  const host = await Sshd.start(t);
  const machine = machineOn(t, host);
  const walk = async (): Promise<{ ok: boolean; checks: Check[] }> => {
    await machine.link.disconnect();
    const checks: Check[] = [];
    const operation = { asker: undefined, signal: new AbortController().signal, progress: () => undefined };
    return { ok: await machine.link.test(operation, (check) => checks.push(check)), checks };
  };
  const good = await walk();
  assert.equal(good.ok, true);
  assert.deepEqual(
    good.checks.map(({ name, status }) => `${name} ${status}`),
    ['resolve ok', 'connect ok', 'host key ok', 'sign in ok', 'shell ok'],
  );
  assert.ok(good.checks.every(({ ms }) => ms !== null && ms >= 0));
  writeFileSync(join(host.dir, 'authorized_keys'), '');
  const bad = await walk();
  assert.equal(bad.ok, false);
  assert.deepEqual(bad.checks.map(({ name, status }) => `${name} ${status}`).at(-1), 'sign in failed');
  assert.equal(bad.checks.at(-1)?.code, 'unauthorized');
  await host.stop();
  const away = await walk();
  assert.equal(away.checks.at(-1)?.name, 'connect');
});

test('a host that allows a single session on a connection is connected to once more for each', async (t) => {
  let connections = 0;
  const { host, machine } = await connectedHost(
    t,
    { maxSessions: 1 },
    {
      connect: (reach, options) => {
        connections++;
        return connectSsh(reach, options);
      },
    },
  );
  const stream = machine.open(['cat']);
  let said = '';
  stream.onData((data) => (said += Buffer.from(data).toString()));
  stream.write('x\n');
  await until('it answers', () => said === 'x\n');
  const path = join(host.home, 'x');
  await machine.writeFile(path, 'text');
  assert.equal(readFileSync(path, 'utf8'), 'text');
  assert.equal((await machine.run(['echo', 'there'])).stdout, 'there\n');
  assert.equal((await machine.run(['echo', 'again'])).stdout, 'again\n');
  assert.equal(connections, 3);
  stream.dispose();
});

test('an idle connection sends less than two kilobytes a minute', async (t) => {
  const { machine } = await connectedHost(t);
  const total = (): number => machine.traffic.read + machine.traffic.written;
  await machine.stat('/');
  const before = total();
  // What a silent minute has: three questions whether the host is there.
  for (let i = 0; i < 3; i++) await machine.ping();
  const bytes = total() - before;
  assert.ok(bytes > 0 && bytes < 1000, `${bytes} bytes`);
});
