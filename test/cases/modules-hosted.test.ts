import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { ListDoc } from '../../src/model/documents.ts';
import { createPlace, json } from '../support/place.ts';
import { talk } from '../support/talk.ts';

const fixture = (file: string) => join(import.meta.dirname, 'fixtures', file);

test.concurrent('39. a dotted name is loaded by its service, which is asked once, and is listed below it', async () => {
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

test.concurrent('40. a service is not removed while it has modules, goes after them with --recursive, and is missed where it is not', async () => {
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
