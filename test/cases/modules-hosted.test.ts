import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { ListDoc } from '../../src/model/documents.ts';
import { createPlace, json, until } from '../support/place.ts';
import { talk } from '../support/talk.ts';

const fixture = (file: string) => join(import.meta.dirname, 'fixtures', file);

test('39. a dotted name is loaded by its service, which is asked once, and is listed below it', async () => {
  await using place = await createPlace(
    `version: 1
modules:
  gateway: ${fixture('gateway.mjs')}
  gateway.status: {module: ${fixture('tells-start.mjs')}, args: [a, "b c"], config: {depth: 2}}
  other: ${fixture('tiny.mjs')}
`,
  );
  await place.up();
  using daemon = await talk(place);
  const request = { name: 'gateway.status', path: fixture('tells-start.mjs'), args: ['a', 'b c'], config: { depth: 2 } };
  expect(await daemon.ask('gateway.asked')).toEqual([['load', request]]);
  expect(await daemon.ask('gateway.status.start')).toMatchObject({ name: 'gateway.status', args: ['a', 'b c'], config: { depth: 2 } });

  expect((await place.list()).map(({ name, service }) => [name, service])).toEqual([
    ['gateway', null],
    ['gateway.status', 'gateway'],
    ['other', null],
  ]);
  const below = json(await place.muster('list', 'gateway', '--json')) as ListDoc;
  expect(below.modules.map(({ name }) => name)).toEqual(['gateway.status']);
  const rows = (await place.muster('list', 'gateway')).stdout.trim().split('\n');
  expect(rows.slice(1).map((row) => row.split(' ', 1)[0])).toEqual(['gateway.status']);

  const [gateway, status] = [await place.module('gateway'), await place.module('gateway.status')];
  expect(status).toMatchObject({ state: 'R', requires: ['gateway'], pid: gateway.pid, threadId: gateway.threadId });
  expect(gateway.requiredBy).toEqual(['gateway.status']);

  expect(await place.muster('reload', 'gateway')).toMatchObject({ code: 0 });
  expect((await place.module('gateway.status')).startedAt).not.toBe(status.startedAt);
  expect(await daemon.ask('gateway.asked')).toEqual([['load', request]]);
  expect(await daemon.ask('gateway.status.start')).toMatchObject({ args: ['a', 'b c'] });
});

test('40. a service is not removed while it has modules, goes after them with --recursive, and is missed where it is not', async () => {
  await using place = await createPlace();
  const env = `env: {TO: ${join(place.dir, 'told')}}`;
  const other = `  other: ${fixture('tiny.mjs')}\n`;
  const status = `  gateway.status: {module: ${fixture('tell-thread.mjs')}, ${env}}\n`;
  await place.write('muster.yaml', `version: 1\nmodules:\n  gateway: {module: ${fixture('gateway.mjs')}, ${env}}\n${status}${other}`);
  await place.up();
  const refused = await place.muster('remove', 'gateway');
  expect([refused.code, refused.stdout]).toEqual([1, '']);
  expect(refused.stderr).toContain('(EBUSY)');
  expect(refused.stderr).toContain('gateway.status');
  expect(await place.muster('remove', '--recursive', 'gateway')).toMatchObject({ code: 0 });
  expect((await place.list()).map(({ name }) => name)).toEqual(['other']);
  const told = readFileSync(join(place.dir, 'told'), 'utf8').trim().split('\n');
  expect(told.filter((line) => line.startsWith('stop'))).toEqual(['stop gateway.status', 'stop gateway']);

  await place.write('muster.yaml', `version: 1\nmodules:\n${status}${other}`);
  const { ran, plan } = await place.dryRun();
  expect([ran.code, plan.outcome]).toEqual([1, 'error']);
  expect(plan.diagnostics.map(({ message }) => message).join('\n')).toMatch(/gateway(?!\.)/);
  expect(await place.muster('reload')).toMatchObject({ code: 1 });
  expect((await place.list()).map(({ name }) => name)).toEqual(['other']);
});

test.each(['replace', 'overlap'])(
  '39. a reload of a service loses no request to its modules, nor what they save, by strategy %s',
  async (strategy) => {
    const reload = `reload: {strategy: ${strategy}}`;
    await using place = await createPlace(
      `version: 1
modules:
  gateway: {module: ${fixture('gateway.mjs')}, ${reload}}
  gateway.counts: {module: ${fixture('counts-on.mjs')}, args: [counted], ${reload}}
  other: ${fixture('tiny.mjs')}
`,
    );
    await place.up();
    using daemon = await talk(place);
    const asked: Promise<unknown>[] = [];
    const ask = (topic: string) => asked.push(daemon.ask(topic).catch((error) => `${error.code}: ${error.message}`));
    const timer = setInterval(() => ['gateway.counts.count', 'counted.count'].map(ask), 2);
    await until(() => asked.length >= 20, 'requests are on their way');
    for (let times = 0; times < 3; times++) {
      const { startedAt } = await place.module('gateway.counts');
      expect(await place.muster('reload', 'gateway')).toMatchObject({ code: 0 });
      expect((await place.module('gateway.counts')).startedAt).not.toBe(startedAt);
    }
    clearInterval(timer);
    const answers = await Promise.all(asked);
    expect(answers.filter((answer) => typeof answer !== 'number')).toEqual([]);
    expect(answers.sort((a, b) => Number(a) - Number(b))).toEqual(answers.map((_, index) => index + 1));
  },
);

test('39. when a service fails, its modules are started again with it, and it counts once', async () => {
  const restart = 'restart: {policy: onFailure, backoff: {initial: 300ms}, limit: {count: 1, within: 1m}}';
  await using place = await createPlace(
    `version: 1
modules:
  gateway: {module: ./hosts.mjs, ${restart}}
  gateway.counts: {module: ${fixture('counts-on.mjs')}, restart: {policy: onFailure, backoff: {initial: 10ms}, limit: {count: 1, within: 1m}}}
  other: ${fixture('tiny.mjs')}
`,
  );
  await place.write(
    'hosts.mjs',
    `export async function main(ctx) {
  ctx.hostModules();
  ctx.handle('exit', () => process.exit(3));
  await ctx.run();
}
`,
  );
  await place.up();
  using daemon = await talk(place);
  expect(await daemon.ask('gateway.counts.count')).toBe(1);
  await daemon.refusal('gateway.exit');
  await until(async () => (await place.module('gateway')).restarts === 1, 'the service is started again');
  await until(async () => (await place.module('gateway.counts')).state === 'R', 'its module is too');
  expect(await daemon.ask('gateway.counts.count')).toBe(1);
  expect(await place.module('gateway.counts')).toMatchObject({ restarts: 1, failed: false });
  expect((await place.module('other')).restarts).toBe(0);
});
