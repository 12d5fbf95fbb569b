import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Result } from '../../src/model/plan.ts';
import { createPlace, isAlive, type Place, until } from '../support/place.ts';

const writesOn = join(import.meta.dirname, 'fixtures/writes-on.mjs');

test.concurrent('12. a changed restart policy and log size of a running command are in effect at once, in the same process', async () => {
  const config = (more: string) => `version: 1\nmodules:\n  web: {command: [${process.execPath}, ${writesOn}]${more}}\n`;
  await using place = await createPlace(config(''));
  await place.up();
  const { pid, startedAt } = await place.module('web');
  const log = (age: string) => join(place.stateDir, `log/web.log${age}`);
  await until(() => existsSync(log('')) && statSync(log('')).size > 2048, 'it has written more than the size to come');
  expect(existsSync(log('.1'))).toBe(false);

  expectLive(await changed(place, config(', log: {maxSize: 2K, keep: 3}')), ['log.keep', 'log.maxSize']);
  await until(() => existsSync(log('.3')), 'the log was rotated three times');
  // For a moment of each rotation there is none.
  let last: number | undefined;
  await until(() => {
    last = statSync(log('.1'), { throwIfNoEntry: false })?.size;
    return last !== undefined;
  }, 'the rotation is done');
  expect(last).toBeLessThanOrEqual(2048);

  expectLive(await changed(place, config(', log: {maxSize: 2K, keep: 1}')), ['log.keep']);
  await until(() => existsSync(log('.1')) && !existsSync(log('.2')) && !existsSync(log('.3')), 'only one old log is kept');

  expectLive(await changed(place, config(', restart: {policy: never}')), ['log.keep', 'log.maxSize', 'restart.policy']);
  expect(await place.module('web')).toMatchObject({ pid, startedAt, state: 'R', restarts: 0 });
  process.kill(pid ?? 0, 'SIGKILL');
  await until(async () => (await place.module('web')).state === 'E', 'it is not started again');

  // Also of one that has ended: the run that was asked for starts it again, under the policy that holds now.
  await changed(place, config(', restart: {policy: always, backoff: {initial: 10ms}}'));
  const again = await place.module('web');
  expect(again.state).toBe('R');
  process.kill(again.pid ?? 0, 'SIGKILL');
  await until(async () => (await place.module('web')).restarts === 1 && (await place.module('web')).state === 'R', 'it is started again');
  expect(isAlive((await place.module('web')).pid ?? 0)).toBe(true);
});

test.concurrent('9. a changed log setting of a running command is in effect without a reload', async () => {
  const config = (size: string) => `version: 1\nmodules:\n  web: {command: [${process.execPath}, ${writesOn}], log: {maxSize: ${size}}}\n`;
  await using place = await createPlace(config('1M'));
  await place.up();
  const { pid } = await place.module('web');
  expectLive(await changed(place, config('1K')), ['log.maxSize']);
  await until(() => existsSync(join(place.stateDir, 'log/web.log.1')), 'the log was rotated');
  expect((await place.module('web')).pid).toBe(pid);
});

test.concurrent('13. a changed config reaches a module that handles it where it runs, and reloads one that does not', async () => {
  const config = (greeting: string) =>
    `version: 1\nmodules:\n${['handles', 'ignores'].map((name) => `  ${name}: {module: ./${name}.mjs, config: {greeting: ${greeting}, deep: {list: [1, 2]}}}\n`).join('')}`;
  const says = "ctx.status('core', ctx.config.greeting + ' ' + ctx.config.deep.list.length)";
  await using place = await createPlace(config('hello'));
  await place.write(
    'handles.mjs',
    `export async function main(ctx) {\n  ctx.onReconfigure(() => ${says});\n  ${says};\n  await ctx.run();\n}\n`,
  );
  await place.write('ignores.mjs', `export async function main(ctx) {\n  ${says};\n  await ctx.run();\n}\n`);
  await place.up();
  const identity = async (name: string) => {
    const { pid, threadId, startedAt, since, restarts } = await place.module(name);
    return { pid, threadId, startedAt, since, restarts };
  };
  const [handles, ignores] = [await identity('handles'), await identity('ignores')];

  const result = await changed(place, config('good day'));
  expect(result.changes).toMatchObject([
    { name: 'handles', action: 'reconfigure', fields: [{ path: 'config.greeting', before: 'hello', after: 'good day', live: true }] },
    { name: 'ignores', action: 'reload', fields: [{ path: 'config.greeting', before: 'hello', after: 'good day', live: false }] },
  ]);
  expect(await identity('handles')).toEqual(handles);
  expect((await identity('ignores')).threadId).not.toBe(ignores.threadId);
  for (const name of ['handles', 'ignores']) expect((await place.module(name)).status.message).toBe('good day 2');
  expect((await place.reload()).result.changes).toEqual([]);
});

test.concurrent('13. a module that throws at its new config keeps the old one and runs on as it was', async () => {
  const config = (limit: number) => `version: 1\nmodules:\n  strict: {module: ./strict.mjs, config: {limit: ${limit}}}\n`;
  await using place = await createPlace(config(1));
  await place.write(
    'strict.mjs',
    `export async function main(ctx) {
  ctx.onReconfigure(({ limit }) => {
    if (limit > 10) throw new Error('limit is at most 10');
    ctx.status('core', 'limit ' + limit);
  });
  await ctx.run();
}
`,
  );
  await place.up();
  const before = await place.module('strict');
  await place.write('muster.yaml', config(11));
  const { ran, result } = await place.reload();
  expect(ran.code).toBe(4);
  expect(result.changes).toMatchObject([
    { name: 'strict', action: 'reconfigure', status: 'reverted', error: { message: expect.stringContaining('limit is at most 10') } },
  ]);
  expect(await place.module('strict')).toMatchObject({ threadId: before.threadId, startedAt: before.startedAt, state: 'R' });
  expect((await changed(place, config(10))).changes).toMatchObject([{ action: 'reconfigure', status: 'ok' }]);
  expect(await place.module('strict')).toMatchObject({ threadId: before.threadId, status: { message: 'limit 10' } });
});

async function changed(place: Place, config: string): Promise<Result> {
  await place.write('muster.yaml', config);
  const { ran, result } = await place.reload();
  expect(ran.code, ran.stderr).toBe(0);
  return result;
}

function expectLive({ changes }: Result, fields: readonly string[]): void {
  expect(changes).toMatchObject([{ name: 'web', action: 'reconfigure', status: 'ok' }]);
  expect(changes[0]?.fields.map(({ path, live }) => [path, live])).toEqual(fields.map((path) => [path, true]));
}
