import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { acquireLock } from '../../src/store/lock.ts';

let root = '';
let dir = '';
let program = '';

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'muster-lock-'));
  program = join(root, 'holder.mjs');
  await build({
    stdin: {
      resolveDir: join(import.meta.dirname, '../../src/store'),
      contents: `
        import { acquireLock } from './lock.ts';
        await acquireLock(process.argv[2], { pid: process.pid, config: '/etc/muster/one.yaml' });
        process.send('locked');
        setInterval(() => {}, 1000);
      `,
    },
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile: program,
  });
});

afterAll(() => rm(root, { recursive: true, force: true }));

beforeEach(async () => {
  dir = await mkdtemp(join(root, 'state-'));
});

const me = { pid: process.pid, config: '/etc/muster/two.yaml' };

it('is held by one at a time and names the holder to the next', async () => {
  const holder = await holderProcess();
  await expect(acquireLock(dir, me)).rejects.toMatchObject({
    code: 'EALREADY',
    message: `daemon ${holder.pid} with config /etc/muster/one.yaml already runs in ${dir}`,
  });
  await ended(holder, 'SIGTERM');
});

it('is free again once its holder is killed, and names the new one', async () => {
  await ended(await holderProcess(), 'SIGKILL');
  const lock = await acquireLock(dir, me);
  await expect(acquireLock(dir, { pid: 1, config: '' })).rejects.toMatchObject({
    message: expect.stringContaining(`daemon ${process.pid} with`),
  });
  await lock.release();
  await lock.release();
  await (await acquireLock(dir, me)).release();
});

it('is not kept by a child of the holder', async () => {
  const lock = await acquireLock(dir, me);
  const child = spawn('sleep', ['100'], { stdio: 'ignore' });
  await once(child, 'spawn');
  await lock.release();
  await (await acquireLock(dir, me)).release();
  await ended(child, 'SIGKILL');
});

it('goes to exactly one of many that try at once', async () => {
  const tries = await Promise.allSettled(Array.from({ length: 10 }, () => acquireLock(dir, me)));
  const won = tries.filter((result) => result.status === 'fulfilled');
  expect(won).toHaveLength(1);
  for (const { value } of won) await value.release();
});

it('says what is missing where there is no flock, and where the folder cannot be used', async () => {
  await expect(acquireLock(dir, me, { flock: 'no-such-flock' })).rejects.toMatchObject({
    code: 'ENOENT',
    hint: expect.stringContaining('util-linux'),
  });
  await expect(acquireLock(join(dir, 'none'), me)).rejects.toMatchObject({ code: 'EIO' });
});

async function holderProcess(): Promise<ChildProcess> {
  const child = spawn(process.execPath, [program, dir], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  await once(child, 'message');
  return child;
}

async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const exit = once(child, 'exit');
  child.kill(signal);
  await exit;
}
