import { spawnSync } from 'node:child_process';
import { closeSync, cpSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { cli, createPlace, run } from '../support/place.ts';

const stampBytes = 64;

test.each([
  { part: 'client', args: ['--version'], code: 0, says: /^\d+\.\d+\.\d+/ },
  { part: 'daemon', args: ['up', '-c', 'none.yaml', '--json'], code: 1, says: /none\.yaml does not exist/ },
])('the $part starts with the cache of its build, with one of another node, with a damaged one and without one', async (one) => {
  await using place = await createPlace();
  cpSync(dirname(cli), join(place.dir, 'dist'), { recursive: true });
  const file = join(place.dir, 'dist', `${one.part}.cache`);
  const cache = readFileSync(file);
  const stamp = cache.subarray(0, stampBytes);
  const caches = [
    cache,
    Buffer.concat([Buffer.from('v20.19.0 x64 1 1'.padEnd(stampBytes)), cache.subarray(stampBytes)]),
    Buffer.concat([stamp, Buffer.from('no cache of V8')]),
    Buffer.alloc(0),
  ];
  for (const content of caches) {
    writeFileSync(file, content);
    const ran = await run([join(place.dir, 'dist', 'cli.cjs'), ...one.args], place.stateDir, { cwd: place.dir });
    expect(ran.code, ran.stderr).toBe(one.code);
    if (one.code === 0) expect(ran.stderr).toBe('');
    expect(ran.stdout + ran.stderr).toMatch(one.says);
  }
});

test('a short command loads no part of Node that it does not use', async () => {
  await using place = await createPlace();
  const hook = join(place.dir, 'hook.cjs');
  writeFileSync(hook, "process.once('exit', () => console.log(process.moduleLoadList.join('\\n')))");
  const { stdout } = spawnSync(process.execPath, ['--require', hook, cli, 'list', '--state-dir', place.stateDir], { encoding: 'utf8' });
  const loaded = stdout.split('\n');
  expect(loaded).toContain('NativeModule net');
  expect(loaded.filter((name) => /^NativeModule (child_process|crypto|fs\/promises|readline|dgram)$/.test(name))).toEqual([]);
});

test('an output that cannot be written is an error that says so', async () => {
  await using place = await createPlace('version: 1\nmodules: {}\npolicy: {allowEmpty: true}\n');
  const full = openSync('/dev/full', 'w');
  try {
    const { status, stderr } = spawnSync(process.execPath, [cli, 'validate'], {
      cwd: place.dir,
      stdio: ['ignore', full, 'pipe'],
      encoding: 'utf8',
    });
    expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringMatching(/^muster: the output cannot be written: ENOSPC/) });
    expect(spawnSync(process.execPath, [cli, 'validate'], { cwd: place.dir, stdio: ['ignore', full, full] }).status).toBe(1);
  } finally {
    closeSync(full);
  }
});

test('what is no UTF-8 on stdin is refused before anybody is asked', async () => {
  await using place = await createPlace();
  const input = Buffer.from([0xff, 0xfe, 0x78]);
  const { status, stderr } = spawnSync(process.execPath, [cli, 'set', 'a:b', '-'], { cwd: place.dir, input, encoding: 'utf8' });
  expect({ status, stderr }).toEqual({
    status: 1,
    stderr: expect.stringMatching(/^muster: set a:b: what stdin has is no UTF-8 \(EINVAL\)\n/),
  });
});
