import { utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { ModuleView } from '../../src/model/documents.ts';
import { createPlace } from '../support/place.ts';

const steady = 'export async function main(ctx) {\n  await ctx.run();\n}\n';
const sleeper = '[node, -e, "setInterval(() => {}, 60_000)"]';

function identity({ pid, threadId, startedAt, since, restarts }: ModuleView) {
  return { pid, threadId, startedAt, since, restarts };
}

test('31. A module loaded by hand is left alone and shown as unmanaged, and adopted as it runs once it is declared', async () => {
  await using place = await createPlace('version: 1\nmodules:\n  anchor: ./anchor.mjs\n');
  await place.write('anchor.mjs', steady);
  await place.write('guest.mjs', steady);
  await place.up();
  expect(await place.muster('load', './guest.mjs', '--loud')).toMatchObject({ code: 0 });
  expect(await place.muster('load', '--command', 'ticker', 'node', '-e', 'setInterval(() => {}, 60_000)')).toMatchObject({ code: 0 });
  const [guest, ticker] = [await place.module('guest'), await place.module('ticker')];

  const reloaded = await place.reload();
  expect(reloaded.ran.code).toBe(0);
  expect(reloaded.result.changes).toEqual([]);
  expect(reloaded.result.unmanaged.map((entry) => entry.name)).toEqual(['guest', 'ticker']);
  expect(identity(await place.module('guest'))).toEqual(identity(guest));

  await place.write(
    'muster.yaml',
    `version: 1\nmodules:\n  anchor: ./anchor.mjs\n  guest:\n    module: ./guest.mjs\n    args: [--loud]\n  ticker:\n    command: ${sleeper}\n`,
  );
  const { ran, result } = await place.reload();
  expect(ran.code).toBe(0);
  expect(result.changes.map(({ name, action, status }) => [name, action, status])).toEqual([
    ['guest', 'adopt', 'ok'],
    ['ticker', 'adopt', 'ok'],
  ]);
  for (const before of [guest, ticker]) {
    const after = await place.module(before.name);
    expect(identity(after)).toEqual(identity(before));
    expect(after.origin).toBe('config');
  }
});

test('32. Removing a declared module warns where it is declared, and the next reconcile loads it again', async () => {
  await using place = await createPlace('version: 1\nmodules:\n  web: ./web.mjs\n');
  await place.write('web.mjs', steady);
  await place.up();
  const removed = await place.muster('remove', 'web');
  expect(removed.code).toBe(0);
  expect(removed.stderr).toContain('muster.yaml:3');
  expect(removed.stderr).toContain('warning');
  expect(await place.list()).toEqual([]);
  expect(await place.muster('reconcile')).toMatchObject({ code: 0 });
  expect(await place.module('web')).toMatchObject({ state: 'R', origin: 'config' });
});

test('33. A declared module is loaded as declared; with other arguments it is refused, or with --override shown as drift', async () => {
  await using place = await createPlace('version: 1\nmodules:\n  web: {module: ./web.mjs, args: [--calm]}\n');
  await place.write('web.mjs', 'export async function main(ctx, args) {\n  ctx.status("core", args.join(" "));\n  await ctx.run();\n}\n');
  await place.up();
  const says = async () => (await place.module('web')).status.message;

  await place.muster('remove', 'web');
  expect(await place.muster('load', 'web')).toMatchObject({ code: 0 });
  expect(await says()).toBe('--calm');
  expect(await place.muster('drift')).toMatchObject({ code: 0 });

  await place.muster('remove', 'web');
  expect(await place.muster('load', 'web', '--loud')).toMatchObject({ code: 8 });
  expect(await place.list()).toEqual([]);

  expect(await place.muster('load', '--override', 'web', '--loud')).toMatchObject({ code: 0 });
  expect(await says()).toBe('--loud');
  const drift = await place.muster('drift');
  expect(drift.code).toBe(2);
  expect(drift.stdout).toContain('web');
});

test('34. A dropped entry stays with prune none, and with prune all what was loaded by hand goes too', async () => {
  const config = (names: string[], prune: string) =>
    `version: 1\nmodules:\n${names.map((name) => `  ${name}: ./steady.mjs\n`).join('')}policy: {prune: ${prune}}\n`;
  await using place = await createPlace(config(['a', 'b'], 'none'));
  await place.write('steady.mjs', steady);
  await place.up();
  expect(await place.muster('load', '--name', 'guest', './steady.mjs')).toMatchObject({ code: 0 });
  const names = async () => (await place.list()).map((module) => module.name);

  await place.write('muster.yaml', config(['a'], 'none'));
  expect((await place.reload()).ran.code).toBe(0);
  expect(await names()).toEqual(['a', 'b', 'guest']);

  await place.write('muster.yaml', config(['a'], 'all'));
  const { ran, result } = await place.reload();
  expect(ran.code).toBe(0);
  expect(result.summary.remove).toBe(2);
  expect(await names()).toEqual(['a']);
});

test.each(['thread', 'command'])('35. A %s that is renamed runs on as it was', async (kind) => {
  const entry = kind === 'thread' ? 'module: ./steady.mjs' : `command: ${sleeper}`;
  await using place = await createPlace(`version: 1\nmodules:\n  old:\n    ${entry}\n`);
  await place.write('steady.mjs', steady);
  await place.up();
  const before = await place.module('old');
  await place.write('muster.yaml', `version: 1\nmodules:\n  new:\n    ${entry}\n    renamedFrom: old\n`);
  const { ran, result } = await place.reload();
  expect(ran.code).toBe(0);
  expect(result.changes.map(({ name, action, status }) => [name, action, status])).toEqual([['new', 'rename', 'ok']]);
  const modules = await place.list();
  expect(modules.map((module) => module.name)).toEqual(['new']);
  expect(modules.map(identity)).toEqual([identity(before)]);
  expect((await place.reload()).result.changes).toEqual([]);
});

test('36. Changed code, its own or imported, reloads a module; a new modification time does not', async () => {
  await using place = await createPlace('version: 1\nmodules:\n  web: ./web.ts\n  other: ./other.mjs\n');
  const web = (extra: string) =>
    `import { words } from './words.ts';\n${extra}export async function main(ctx: { status(level: string, text: string): void; run(): Promise<void> }) {\n  ctx.status('core', words);\n  await ctx.run();\n}\n`;
  const words = await place.write('words.ts', "export const words: string = 'one';\n");
  const own = await place.write('web.ts', web(''));
  await place.write('other.mjs', steady);
  await place.up();
  const other = await place.module('other');
  const changes = async () => (await place.reload()).result.changes.map(({ name, action, status }) => [name, action, status]);

  await place.write('web.ts', web('export const version = 2;\n'));
  expect(await changes()).toEqual([['web', 'reload', 'ok']]);

  await place.write('words.ts', "export const words: string = 'two';\n");
  expect(await changes()).toEqual([['web', 'reload', 'ok']]);
  const after = await place.module('web');
  expect(after.status.message).toBe('two');

  for (const file of [own, words, join(place.dir, 'other.mjs')]) await utimes(file, new Date(), new Date(Date.now() - 60_000));
  expect(await changes()).toEqual([]);
  expect(identity(await place.module('web'))).toEqual(identity(after));
  expect(identity(await place.module('other'))).toEqual(identity(other));
});
