import { statSync } from 'node:fs';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { spawnError } from '../../src/keeper/preflight.ts';
import { keeper, spec, tempDir } from './support/keeper.ts';

const fixtures = join(import.meta.dirname, 'fixtures');
const printArgv = [process.execPath, join(fixtures, 'print-argv.mjs')];

async function run(argv: string[], more: Parameters<typeof spec>[1] = {}) {
  const { keeper: it } = keeper();
  const what = spec(argv, more);
  const child = await it.spawn(what);
  const exit = await child.exited;
  await child.killTree();
  return { exit, output: what.output() };
}

test('arguments arrive as they were given, whatever a shell would make of them', async () => {
  const args = ['a b', '', '$HOME', ';', '*', '"', "'", '\\', '--x=1', 'ü\n'];
  const { output } = await run([...printArgv, ...args]);
  expect(JSON.parse(output).argv).toEqual(args);
});

test('the environment is exactly what was given, and the lease', async () => {
  const what = { env: { ONLY: 'this', EMPTY: '' }, lease: 'lease-1' };
  const { output } = await run(printArgv, what);
  expect(JSON.parse(output).env).toEqual({ ONLY: 'this', EMPTY: '', MUSTER_LEASE: 'lease-1' });
});

test('a program sees the name and the folder it was given', async () => {
  const dir = await tempDir();
  const { output } = await run(printArgv, { arg0: 'web', cwd: dir });
  expect(JSON.parse(output)).toMatchObject({ argv0: 'web', cwd: dir });
});

test('a command without a slash is found in the PATH of its own environment', async () => {
  const dir = await tempDir();
  await writeFile(join(dir, 'greet'), '#!/bin/sh\necho hello from $0', { mode: 0o755 });
  const { output } = await run(['greet'], { env: { PATH: `/nonexistent:${dir}` } });
  expect(output).toBe(`hello from ${dir}/greet\n`);
});

test('what keeps a program from starting is told apart', async () => {
  const { keeper: it, journal } = keeper();
  const dir = await tempDir();
  await writeFile(join(dir, 'plain'), 'text');
  await writeFile(join(dir, 'script'), '#!/opt/nowhere/python3 -u\n', { mode: 0o755 });
  await writeFile(join(dir, 'dos'), '#!/bin/sh\r\n', { mode: 0o755 });
  await mkdir(join(dir, 'folder'));
  const path = { env: { PATH: `/no/such/bin:${dir}` } };
  const failure = (argv: string[], more: Parameters<typeof spec>[1] = {}) =>
    it.spawn(spec(argv, more)).then(
      () => 'started',
      (error) => `${error.code} ${error.message.replaceAll(dir, 'DIR')}`,
    );
  expect(await failure(['serve'], path)).toBe('ENOENT there is no command "serve" in /no/such/bin, DIR');
  expect(await failure(['./serve'], { cwd: dir })).toBe('ENOENT there is no command DIR/serve');
  expect(await failure(['true'], { cwd: join(dir, 'gone') })).toBe('ENOENT the working folder DIR/gone does not exist');
  expect(await failure(['true'], { cwd: join(dir, 'plain') })).toBe('EINVAL the working folder DIR/plain is not a folder');
  expect(await failure([join(dir, 'script')])).toBe('ENOENT the interpreter /opt/nowhere/python3 of DIR/script does not exist');
  expect(await failure([join(dir, 'dos')])).toBe('ENOENT the interpreter /bin/sh\\r of DIR/dos does not exist');
  expect(await failure([join(dir, 'plain')])).toBe('EACCES the command DIR/plain is not executable');
  expect(await failure(['plain'], path)).toBe('EACCES the command DIR/plain is not executable');
  expect(await failure([join(dir, 'folder')])).toBe('EACCES the command DIR/folder is a folder');
  expect(await failure(['true', 'a\0b'])).toBe('EINVAL command[1] holds a NUL byte, which the system cannot pass on');
  expect(await failure(['true'], { env: { PATH: '/bin', A: '\0' } })).toBe('EINVAL A holds a NUL byte, which the system cannot pass on');
  expect(await failure([])).toBe('EINVAL the command is empty');
  expect(journal).toEqual([]);
});

test('arguments that are too long for the system are refused by name, and the lease is given back', async () => {
  const { keeper: it, journal } = keeper();
  const what = spec(['true', ...Array(80).fill('x'.repeat(100_000))], { lease: 'long' });
  await expect(it.spawn(what)).rejects.toMatchObject({ code: 'E2BIG', message: expect.stringContaining('too long') });
  expect(journal).toEqual(['begin long', 'ended long']);
  await expect(it.spawn(spec(['true', 'x'.repeat(200_000)]))).rejects.toMatchObject({
    code: 'E2BIG',
    message: 'argument 1 of true is longer than 131071 bytes',
  });
  expect(journal).toHaveLength(2);
});

test('a file that the system refuses to execute is an error, not an exit', async () => {
  const { keeper: it } = keeper();
  const dir = await tempDir();
  const header = Buffer.from('7f454c4602010100000000000000000003003e0001000000', 'hex');
  await writeFile(join(dir, 'broken'), Buffer.concat([header, Buffer.alloc(64)]));
  await chmod(join(dir, 'broken'), 0o755);
  const what = spec([join(dir, 'broken')]);
  const outcome = await it.spawn(what).then(
    (child) => child.exited,
    (error) => error,
  );
  expect(outcome.code).not.toBe(0);
});

test('descriptors that the system does not give are said to be too few', () => {
  const refused = Object.assign(new Error('spawn EINVAL'), { code: 'EINVAL' });
  expect(spawnError(refused, spec(['c']), '/bin/c')).toMatchObject({ code: 'EIO', hint: expect.stringContaining('ulimit -n') });
});

test('a lease is on record before its process starts and until all of it is gone', async () => {
  const { keeper: it, journal, open } = keeper();
  const child = await it.spawn(spec(['sleep', '60'], { lease: 'nap' }));
  expect(journal).toEqual(['begin nap', 'started nap']);
  expect(open.get('nap')).toMatchObject({ pid: child.pid, startTime: expect.stringMatching(/^\d+$/), bootId: expect.any(String) });
  await child.killTree();
  expect(journal).toEqual(['begin nap', 'started nap', 'ended nap']);
});

test('a program has a socket to listen at as its descriptor 3', async () => {
  const { keeper: it } = keeper();
  const listen = join(await tempDir(), 'its.sock');
  const argv = [process.execPath, '-e', 'require("net").createServer((c) => c.end("hello")).listen({ fd: 3 })'];
  const child = await it.spawn(spec(argv, { listen }));
  expect(statSync(listen).mode & 0o777).toBe(0o600);
  const heard = await text(createConnection(listen));
  expect(heard).toBe('hello');
  await child.killTree();
});

test('output is not read while its receiver is busy', async () => {
  const { keeper: it } = keeper();
  let received = 0;
  let release = () => {};
  const busy = new Promise<void>((resolve) => {
    release = resolve;
  });
  const what = spec(['sh', '-c', 'head -c 4000000 /dev/zero; echo done >&2'], {
    onOutput(stream, chunk) {
      if (stream !== 'stdout') return;
      received += chunk.length;
      return busy;
    },
  });
  const child = await it.spawn(what);
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(received).toBeLessThanOrEqual(65536);
  release();
  await child.exited;
  await child.killTree();
  expect(received).toBe(4_000_000);
});
