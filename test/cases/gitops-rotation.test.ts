import { chmod, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createPlace, type Place, until } from '../support/place.ts';

const config = (policy: string): string => `version: 1
policy: {${policy}}
modules:
  web: {command: [sh, -c, "echo $TOKEN > seen-web; sleep 1000"], cwd: ., env: {TOKEN: {secret: "file:./token"}, PIN: {secret: "file:./pin"}}}
  job: {command: [sh, -c, "echo $TOKEN > seen-job; sleep 1000"], cwd: ., env: {TOKEN: {secret: "exec:./program.sh"}}}
  calm: {module: ./calm.mjs, config: {db: {password: plainly-written, host: db1}}}
`;

async function seen({ dir }: Place, name: string): Promise<string> {
  return (await readFile(join(dir, `seen-${name}`), 'utf8').catch(() => '')).trim();
}

async function placeWith(policy: string): Promise<Place> {
  const place = await createPlace(config(policy));
  await place.write('token', 'first-token\n');
  await place.write('pin', 'q%Z9\n');
  await place.write('password', 'first-password\n');
  await place.write('program.sh', '#!/bin/sh\ncat password\n');
  await place.write('calm.mjs', 'export const main = (ctx) => ctx.run();\n');
  await chmod(join(place.dir, 'program.sh'), 0o755);
  return place;
}

test('with watch: apply a rotated file is applied by itself, and what a program gives when the interval has passed', async () => {
  await using place = await placeWith('watch: apply, interval: 1s');
  await place.musterWith({ cwd: place.dir }, 'up', '-d', '-c', 'muster.yaml');
  const { pid } = await place.module('calm');
  await place.write('token', 'second-token\n');
  await until(async () => (await seen(place, 'web')) === 'second-token', 'web has the new one');
  await place.write('password', 'second-password\n');
  await until(async () => (await seen(place, 'job')) === 'second-password', 'job has the new one');
  expect((await place.module('calm')).pid).toBe(pid);
  // One that is gone is an error, and what has it runs on.
  const web = await place.module('web');
  await rm(join(place.dir, 'token'));
  await until(async () => (await place.status()).lastReconcile?.outcome === 'error', 'it was looked at');
  expect((await place.status()).lastReconcile?.diagnostics).toMatchObject([
    { file: join(place.dir, 'muster.yaml'), line: 4, message: expect.stringContaining('env.TOKEN') },
  ]);
  expect((await place.module('web')).pid).toBe(web.pid);
  expect((await place.muster('events')).stdout).not.toMatch(/second-/);
});

test('with watch: plan a rotated file is pending until somebody asks; a short secret is warned of and hidden in its field', async () => {
  await using place = await placeWith('interval: 0');
  const up = await place.musterWith({ cwd: place.dir }, 'up', '-d', '-c', 'muster.yaml');
  expect(up.stdout + up.stderr).toMatch(/env\.PIN has less than 6 bytes/);
  expect(up.stdout + up.stderr).not.toContain('q%Z9');
  await place.write('token', 'second-token\n');
  await until(async () => (await place.muster('events')).stdout.includes('changes are pending'), 'it was looked at');
  expect(await place.status()).toMatchObject({ synced: false, pending: { summary: { reload: 1 } } });
  expect(await seen(place, 'web')).toBe('first-token');
  expect((await place.reload()).ran.code).toBe(0);
  await until(async () => (await seen(place, 'web')) === 'second-token', 'it is applied');
  // What stands plainly under a key that looks secret is not shown there either.
  const info = await place.muster('info', 'calm');
  expect(info.stdout).toContain('db1');
  expect(info.stdout + (await place.muster('info', '--json', 'calm')).stdout).not.toContain('plainly-written');
  await place.write('muster.yaml', config('interval: 0').replace('plainly-written', 'another-one'));
  const { stdout } = await place.muster('reconcile', '--dry-run');
  expect(stdout).toContain('config.db.password (secret)');
  expect(stdout).not.toMatch(/plainly-written|another-one/);
});
