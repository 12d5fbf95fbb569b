import { readFileSync, readlinkSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createPlace, isAlive } from '../support/place.ts';
import { identities } from '../support/untouched.ts';

const steady = 'export const main = (ctx) => ctx.run();\n';
const sleeps = 'command: [sleep, "1000"]';

test.concurrent('7. what is kept runs on, what is dropped is gone, what is added runs', async () => {
  await using place = await createPlace(
    `version: 1\nmodules:\n  a: ./steady.mjs\n  a2: {${sleeps}}\n  b: ./steady.mjs\n  b2: {${sleeps}}\n`,
  );
  await place.write('steady.mjs', steady);
  await place.up();
  const before = await place.list();
  await place.write('muster.yaml', `version: 1\nmodules:\n  a: ./steady.mjs\n  a2: {${sleeps}}\n  c: ./steady.mjs\n  c2: {${sleeps}}\n`);
  const { ran, result } = await place.reload();
  expect(ran.code, ran.stderr).toBe(0);
  expect(result.summary).toMatchObject({ load: 2, remove: 2, unchanged: 2, reload: 0 });
  const after = await place.list();
  expect(after.map(({ name, state }) => [name, state])).toEqual(['a', 'a2', 'c', 'c2'].map((name) => [name, 'R']));
  expect(identities(after.slice(0, 2))).toEqual(identities(before.slice(0, 2)));
  expect(isAlive(before[3]?.pid ?? 0)).toBe(false);
});

test.concurrent('8. changed args of one of 100 modules are exactly one reload, and the 99 others stay as they are', async () => {
  const entries = (changed: string) =>
    Array.from({ length: 100 }, (_, at) => {
      const name = `m${String(at).padStart(2, '0')}`;
      const args = name === changed ? 'args: ["2000"]' : 'args: ["1000"]';
      return at % 4 === 0 ? `  ${name}: {module: ./steady.mjs, ${args}}\n` : `  ${name}: {command: [sleep], ${args}}\n`;
    }).join('');
  const config = (changed: string) => `version: 1\nmodules:\n${entries(changed)}policy: {concurrency: 32}\n`;
  await using place = await createPlace(config(''));
  await place.write('steady.mjs', steady);
  await place.up();
  let before = await place.list();
  // Of each kind: m41 is a command, m40 a thread, and m41 goes back to what it was.
  for (const changed of ['m41', 'm40']) {
    await place.write('muster.yaml', config(changed));
    const { ran, result } = await place.reload();
    const after = await place.list();
    const reloaded = changed === 'm41' ? ['m41'] : ['m40', 'm41'];
    expect(ran.code, ran.stderr).toBe(0);
    expect(result.changes.map(({ name, action, status }) => [name, action, status])).toEqual(
      reloaded.map((name) => [name, 'reload', 'ok']),
    );
    const others = (modules: typeof before) => identities(modules.filter(({ name }) => !reloaded.includes(name)));
    expect(others(after)).toEqual(others(before));
    expect(after).toHaveLength(100);
    for (const name of reloaded) {
      const [was, is] = [before, after].map((modules) => modules.find((module) => module.name === name));
      expect([is?.state, is?.startedAt === was?.startedAt]).toEqual(['R', false]);
    }
    before = after;
  }
});

test.concurrent('9. each changed field of a command is in effect in what runs then', async () => {
  await using place = await createPlace(command({}));
  await place.write('site/index.html', '');
  await place.up();

  await change(command({ seconds: 1001 }));
  expect((await seen()).argv).toEqual(['sleep', '1001', '1s']);
  await change(command({ seconds: 1001, cwd: './site' }));
  expect((await seen()).cwd).toBe(`${place.dir}/site`);
  await change(command({ seconds: 1001, cwd: './site', args: '' }));
  expect((await seen()).argv).toEqual(['sleep', '1001']);
  expect((await seen()).env).toMatchObject({ KEPT: 'k', DROPPED: 'd' });
  await change(command({ seconds: 1001, cwd: './site', args: '', env: 'KEPT: k' }));
  expect((await seen()).env).toMatchObject({ KEPT: 'k' });
  expect((await seen()).env).not.toHaveProperty('DROPPED');
  // A variable that muster gives is unset, not only not given.
  expect((await seen()).env).toHaveProperty('TMPDIR');
  await change(command({ seconds: 1001, cwd: './site', args: '', env: 'KEPT: k, PATH: /bin, TMPDIR: null' }));
  expect((await seen()).env).toMatchObject({ KEPT: 'k', PATH: '/bin' });
  expect((await seen()).env).not.toHaveProperty('TMPDIR');
  await change(command({ seconds: 1001, cwd: './site', args: '', env: 'KEPT: k' }));

  async function change(config: string): Promise<void> {
    await place.write('muster.yaml', config);
    const { ran, result } = await place.reload();
    expect(ran.code, ran.stderr).toBe(0);
    expect(result.changes).toMatchObject([{ name: 'web', action: 'reload', status: 'ok' }]);
    expect(result.changes[0]?.fields.every(({ live }) => !live)).toBe(true);
  }

  async function seen() {
    const { pid } = await place.module('web');
    const lines = (file: string) => readFileSync(`/proc/${pid}/${file}`, 'utf8').split('\0').slice(0, -1);
    return {
      argv: lines('cmdline'),
      cwd: readlinkSync(`/proc/${pid}/cwd`),
      env: Object.fromEntries(lines('environ').map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)])),
    };
  }
});

test.concurrent('9. each changed field of a thread is in effect in what runs then', async () => {
  const config = (...fields: string[]) => `version: 1\nmodules:\n  web: {${['module: ./shows.mjs', ...fields].join(', ')}}\n`;
  await using place = await createPlace(config('args: [--loud, "a b"]', 'env: {KEPT: k, DROPPED: d}'));
  await place.write(
    'shows.mjs',
    `export async function main(ctx, args) {
  const { KEPT, DROPPED } = process.env;
  ctx.status('core', JSON.stringify({ args, argv: process.argv.slice(2), env: { KEPT, DROPPED } }));
  await ctx.run();
}
`,
  );
  await place.up();
  const says = async () => JSON.parse((await place.module('web')).status.message);
  expect(await says()).toEqual({ args: ['--loud', 'a b'], argv: ['--loud', 'a b'], env: { KEPT: 'k', DROPPED: 'd' } });
  for (const [fields, expected] of [
    [['args: [--loud]', 'env: {KEPT: k, DROPPED: d}'], { args: ['--loud'], argv: ['--loud'], env: { KEPT: 'k', DROPPED: 'd' } }],
    [['env: {KEPT: k, DROPPED: d}'], { args: [], argv: [], env: { KEPT: 'k', DROPPED: 'd' } }],
    [['env: {KEPT: k}'], { args: [], argv: [], env: { KEPT: 'k' } }],
    [[], { args: [], argv: [], env: {} }],
  ] as const) {
    await place.write('muster.yaml', config(...fields));
    const { ran, result } = await place.reload();
    expect(ran.code, ran.stderr).toBe(0);
    expect(result.changes).toMatchObject([{ name: 'web', action: 'reload', status: 'ok' }]);
    expect(await says()).toEqual(expected);
  }
});

test.concurrent('15. a module that is disabled is removed, and a new one that is disabled is not loaded', async () => {
  const config = (...entries: string[]) =>
    `version: 1\nmodules:\n  stays: ./steady.mjs\n${entries.map((entry) => `  ${entry}\n`).join('')}`;
  await using place = await createPlace(config('web: {module: ./steady.mjs}'));
  await place.write('steady.mjs', steady);
  await place.up();
  const before = await place.list();

  await place.write('muster.yaml', config('web: {module: ./steady.mjs, disabled: true}'));
  const removed = await place.reload();
  expect(removed.ran.code, removed.ran.stderr).toBe(0);
  expect(removed.result.changes).toMatchObject([{ name: 'web', action: 'remove', reason: { code: 'disabled' }, status: 'ok' }]);
  expect(identities(await place.list())).toEqual(identities(before.filter(({ name }) => name === 'stays')));

  await place.write('muster.yaml', config('web: {module: ./steady.mjs, disabled: true}', 'new: {module: ./steady.mjs, disabled: true}'));
  const nothing = await place.reload();
  expect(nothing.ran.code, nothing.ran.stderr).toBe(0);
  expect(nothing.result.changes).toEqual([]);
  expect(await place.status()).toMatchObject({ synced: true, generation: removed.result.target.generation + 1 });
  expect(identities(await place.list())).toEqual(identities(before.filter(({ name }) => name === 'stays')));

  await place.write('muster.yaml', config('web: {module: ./steady.mjs, disabled: false}'));
  expect((await place.reload()).result.changes).toMatchObject([{ name: 'web', action: 'load', status: 'ok' }]);
});

function command({ seconds = 1000, cwd = '.', args = 'args: ["1s"],', env = 'KEPT: k, DROPPED: d' }): string {
  return `version: 1\nmodules:\n  web: {command: [sleep, "${seconds}"], cwd: ${cwd}, ${args} env: {${env}}}\n`;
}
