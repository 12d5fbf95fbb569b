import { readFileSync } from 'node:fs';
import { createServer as createHttp, type RequestListener } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { expect, onTestFinished, test } from 'vitest';
import { createAside } from '../../src/keeper/command/aside.ts';
import { commandProbe } from '../../src/keeper/command/probes/command.ts';
import { fileProbe } from '../../src/keeper/command/probes/file.ts';
import { httpProbe } from '../../src/keeper/command/probes/http.ts';
import { lineTest } from '../../src/keeper/command/probes/log.ts';
import { poll } from '../../src/keeper/command/probes/poll.ts';
import type { Probe } from '../../src/keeper/command/probes/probe.ts';
import { tcpProbe } from '../../src/keeper/command/probes/tcp.ts';
import type { Identity } from '../../src/model/keeper.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { freePort } from '../support/free-port.ts';
import { runs, tempDir, until } from './support/keeper.ts';

/** The port of a server that is gone when the test is over. */
async function portOf(server: Server, host = '127.0.0.1'): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

const tried = (probe: Probe, signal = new AbortController().signal) => probe.attempt(signal);
/** Tried, and given up after a moment. */
const soon = (probe: Probe) => tried(probe, AbortSignal.timeout(100));
const aside = (identity: Identity | null = null) =>
  createAside({ lease: `probe-${process.pid}`, cwd: '/tmp', env: { PATH: '/usr/bin:/bin', OWN: 'yes' }, identity, cgroup: () => null });

test('tcp passes where somebody listens, also by a port alone and by IPv6, and says why it does not', async () => {
  const port = await portOf(createServer((socket) => socket.destroy()));
  expect(await tried(tcpProbe(`127.0.0.1:${port}`))).toBe(null);
  expect(await tried(tcpProbe(String(port)))).toBe(null);
  expect(await tried(tcpProbe(`localhost:${port}`))).toBe(null);
  const none = await freePort();
  expect(await tried(tcpProbe(`127.0.0.1:${none}`))).toBe('connection refused');
  expect(await tried(tcpProbe(`[::1]:${none}`))).toMatch(/refused|cannot|EADDRNOTAVAIL|EAFNOSUPPORT|unreachable/);
  expect(tcpProbe('db:1').what).toBe('tcp db:1');
});

test('http passes by the status alone, follows no redirect, and reads no more of an answer than it must', async () => {
  const seen: string[] = [];
  const answer: RequestListener = ({ url = '', headers }, response) => {
    seen.push(`${url} ${headers.authorization ?? ''}`);
    const status = Number(url.slice(1, 4));
    response.writeHead(status, { location: '/500' });
    if (!url.includes('endless')) response.end('body');
    else Readable.from(endless()).pipe(response);
  };
  const endless = function* () {
    for (;;) yield Buffer.alloc(16 * 1024);
  };
  const server = createHttp(answer);
  const url = `http://127.0.0.1:${await portOf(server)}`;
  expect(await tried(httpProbe(`${url}/200`))).toBe(null);
  expect(await tried(httpProbe(`${url}/204?a=b`))).toBe(null);
  expect(await tried(httpProbe(`${url}/302`))).toBe(null);
  expect(await tried(httpProbe(`${url}/404`))).toBe('answered 404');
  expect(await tried(httpProbe(`${url}/503`))).toBe('answered 503');
  expect(await tried(httpProbe(`${url}/200/endless`))).toBe(null);
  const secret = httpProbe(url.replace('//', '//me:hunter2@').concat('/200'));
  expect(await tried(secret)).toBe(null);
  expect(secret.what).toBe(`http ${url}/200`);
  expect(seen).toEqual(['/200 ', '/204?a=b ', '/302 ', '/404 ', '/503 ', '/200/endless ', '/200 Basic bWU6aHVudGVyMg==']);
  expect(await tried(httpProbe(`http://127.0.0.1:${await freePort()}/`))).toBe('connection refused');
  await until(() => new Promise((resolve) => server.getConnections((_error, count) => resolve(count === 0))));
});

test('a server that takes a connection and says nothing, or nothing that can be understood, does not pass', async () => {
  const silent = await portOf(createServer());
  const strange = await portOf(createServer((socket) => socket.end('hello\n')));
  expect(await soon(httpProbe(`http://127.0.0.1:${silent}/`))).toBe('no answer in time');
  expect(await tried(httpProbe(`http://127.0.0.1:${strange}/`))).toMatch(/HTTP/);
});

test('https passes with a certificate that nobody signed on this machine itself', async () => {
  const pem = readFileSync(join(import.meta.dirname, 'fixtures', 'self-signed.pem'));
  const server = createHttps({ key: pem, cert: pem }, (_request, response) => response.end('ok'));
  expect(await tried(httpProbe(`https://127.0.0.1:${await portOf(server)}/`))).toBe(null);
});

test('file passes when something is there, whatever it is', async () => {
  const dir = await tempDir();
  expect(await tried(fileProbe(dir))).toBe(null);
  expect(await tried(fileProbe(join(dir, 'none')))).toBe('does not exist');
});

test('a command passes when it exits with 0, gets its words and environment as they are, and says last why it does not', async () => {
  const run = aside();
  expect(await tried(commandProbe(['sh', '-c', 'test "$OWN" = yes && test "$0" = "a b; *"', 'a b; *'], run))).toBe(null);
  expect(await tried(commandProbe(['sh', '-c', 'echo first; echo why >&2; exit 3'], run))).toBe('exited with code 3: why');
  expect(await tried(commandProbe(['sh', '-c', 'kill -SEGV $$'], run))).toBe('killed by SIGSEGV');
  expect(await tried(commandProbe(['no-such-program'], run))).toContain('there is no command "no-such-program"');
});

test('a command that takes too long is killed with what it started, and so is what it leaves behind', async () => {
  const dir = await tempDir();
  const left = join(dir, 'left');
  expect(await soon(commandProbe(['sh', '-c', 'sleep 60 & wait'], aside()))).toBe('no end in time');
  expect(await tried(commandProbe(['sh', '-c', `sleep 60 & echo $! > ${left}`], aside()))).toBe(null);
  await until(async () => !(await runs(Number(readFileSync(left, 'utf8')))));
});

test('no death by a signal passes, whoever holds the output of the command', async () => {
  const run = aside();
  const ends = async (script: string) => tried(commandProbe(['sh', '-c', `${script}; sleep 60`], run));
  for (const [signal, word] of [
    ['KILL', /^killed by SIGKILL$|^exited with code 137$/],
    ['34', /^killed by SIGRTMIN$|^exited with code 162$/],
    ['64', /^killed by SIGRTMIN\+30$|^exited with code 192$/],
  ] as const) {
    expect(await ends(`kill -${signal} $$`)).toMatch(word);
    expect(await ends(`sleep 60 & kill -${signal} $$`)).toMatch(word);
    expect(await ends(`exec >/dev/null 2>&1; kill -${signal} $$`)).toMatch(word);
    expect(await ends('sleep 60 & exit 0')).toBe(null);
    expect(await ends('echo why >&2; sleep 60 & exit 3')).toBe('exited with code 3: why');
  }
});

test('a command that leaves something behind is run twice once, and from then on as often as it is asked', async () => {
  const file = join(await tempDir(), 'runs');
  const probe = commandProbe(['sh', '-c', `echo run >>${file}; sleep 60 & exit 0`], aside());
  const counts: number[] = [];
  for (let n = 0; n < 3; n += 1) {
    expect(await tried(probe)).toBe(null);
    counts.push(readFileSync(file, 'utf8').split('\n').length - 1);
  }
  expect(counts).toEqual([2, 3, 4]);
  const plain = join(await tempDir(), 'runs');
  const once = commandProbe(['sh', '-c', `echo run >>${plain}`], aside());
  for (let n = 0; n < 5; n += 1) await tried(once);
  expect(readFileSync(plain, 'utf8').split('\n').length - 1).toBe(5);
});

test('a command runs as the user of its module', { skip: process.getuid?.() !== 0 }, async () => {
  const nobody = { uid: 65534, gid: 65534, groups: [], umask: 0o77, rlimits: {}, noNewPrivileges: true };
  const script = 'test "$(id -u):$(id -G):$(umask)" = 65534:65534:0077 || { id; umask; exit 1; }';
  expect(await tried(commandProbe(['sh', '-c', script], aside(nobody)))).toBe(null);
});

test('a line of the output is looked at without colours once it is complete, in either stream', () => {
  let matches = 0;
  const lines = lineTest('^listening on \\d+$', () => (matches += 1));
  const say = (stream: 'stdout' | 'stderr', text: string | Buffer) => lines.push(stream, Buffer.from(text));
  say('stdout', 'listening on 80, not yet\nlistening on ');
  say('stderr', 'listening ');
  expect(matches).toBe(0);
  say('stderr', '\u001b[1;32mon\u001b[0m 80');
  say('stdout', 'x\n');
  expect(matches).toBe(0);
  say('stderr', '\r\n');
  expect(matches).toBe(1);
  say('stderr', 'listening on 80\n');
  expect(matches).toBe(1);
});

test('a character that comes in two parts is whole, and a line without end takes no memory', () => {
  let matched = false;
  const lines = lineTest('größe', () => (matched = true));
  const text = Buffer.from('größe\n');
  for (let i = 0; i < 200; i++) lines.push('stderr', Buffer.alloc(65_536, 'x'));
  lines.push('stdout', text.subarray(0, 3));
  lines.push('stdout', text.subarray(3));
  expect(matched).toBe(true);
});

test('a test is tried until it passes, less and less often, and not any more once it is cancelled', async () => {
  const time = createFakeClock();
  let attempts = 0;
  let there = false;
  const probe: Probe = { what: 'it', attempt: async () => (++attempts && there ? null : 'is not there') };
  let passed = false;
  const polling = poll(probe, time);
  void polling.passed.then(() => (passed = true));
  await time.advance(10_000);
  expect(attempts).toBeGreaterThan(38);
  expect(attempts).toBeLessThan(46);
  expect(polling.why()).toBe('it: is not there');
  there = true;
  await time.advance(250);
  expect(passed).toBe(true);
  expect(time.pending()).toBe(0);

  there = false;
  const other = poll(probe, time);
  await time.advance(100);
  other.cancel();
  const before = attempts;
  await time.advance(10_000);
  expect([attempts, time.pending()]).toEqual([before, 0]);
});

test('an attempt that never ends is given up, and the next one can pass', async () => {
  const time = createFakeClock();
  let attempts = 0;
  const hangs = (signal: AbortSignal) => new Promise<string>((resolve) => signal.addEventListener('abort', () => resolve('hung')));
  const polling = poll({ what: 'it', attempt: async (signal) => (++attempts > 1 ? null : hangs(signal)) }, time);
  await time.advance(4999);
  expect(attempts).toBe(1);
  await time.advance(100);
  await polling.passed;
  expect(attempts).toBe(2);
});
