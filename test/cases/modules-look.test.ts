import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { InfoDoc, ListDoc } from '../../src/model/documents.ts';
import { createPlace, json, type Place, until } from '../support/place.ts';
import { type Running, startRunning } from '../support/running.ts';
import { talk } from '../support/talk.ts';

const fixture = (file: string) => join(import.meta.dirname, 'fixtures', file);
const tiny = fixture('tiny.mjs');

/** Of the contract, §6. */
const listed =
  'name kind isolation state failed size digest codeDigest stale idle queued services service path pid threadId restarts origin generation since startedAt status healthy lastExit held containment requires requiredBy declaredAt';

test('41. a list is whole, sorted and has every field, however long a name is', async () => {
  const long = `b${'long'.repeat(24)}-xy`;
  expect(long).toHaveLength(100);
  await using place = await createPlace(
    `version: 1\nmodules:\n  c: ${tiny}\n  ${long}: ${tiny}\n  a: {command: [sleep, "1000"]}\n  B: ${tiny}\n`,
  );
  await place.up();
  const names = (await place.list()).map(({ name }) => name);
  expect(names).toEqual([...names].sort());
  expect(new Set(names)).toEqual(new Set(['a', 'B', long, 'c']));
  for (const options of [['list'], ['list', '-l']]) {
    const { stdout } = await place.muster(...options);
    const [head = '', ...rows] = stdout.trimEnd().split('\n');
    expect(rows.map((row) => row.split(' ', 1)[0])).toEqual(names);
    expect(head.split(/\s+/)).toEqual(expect.arrayContaining(['Module', 'Size', 'Digest', 'Idle', 'S', 'For', 'Service', 'Why']));
    if (options.includes('-l')) {
      expect(head.split(/\s+/)).toEqual(expect.arrayContaining(['Kind', 'PID', 'Restarts', 'Queued', 'Origin', 'Path']));
      expect(rows.filter((row) => row.includes(tiny))).toHaveLength(3);
    }
  }
  const { modules, formatVersion } = json(await place.muster('list', '--json')) as ListDoc;
  expect(formatVersion).toBe('1.0');
  for (const module of modules) expect(Object.keys(module)).toEqual(expect.arrayContaining(listed.split(' ')));
});

test('42. info tells all of a module by its name, and of a file by its path', async () => {
  const config = `version: 1
modules:
  base: {module: ${fixture('counts-on.mjs')}}
  tells:
    module: ${tiny}
    requires: [base]
  above: {module: ${fixture('gateway.mjs')}, requires: [tells]}
`;
  await using place = await createPlace(config);
  await place.up();
  const bytes = readFileSync(tiny);
  const sha1 = createHash('sha1').update(bytes).digest('hex');
  const ofFile = { path: tiny, size: bytes.length, sha1, kind: 'code', exports: ['main', 'name'] };
  const declared = { declaredAt: { file: join(place.dir, 'muster.yaml'), line: 4 }, requires: ['base'], requiredBy: ['above'] };
  const info = async (target: string) => {
    const doc = json(await place.muster('info', target, '--json')) as InfoDoc;
    return { ...doc, exports: [...doc.exports].sort() };
  };
  expect(await info('tells')).toMatchObject({ name: 'tells', state: 'R', ...ofFile, ...declared });
  expect(await info(tiny)).toMatchObject({ name: 'tells', ...ofFile, ...declared });
  for (const target of ['tells', tiny]) {
    const { code, stdout } = await place.muster('info', target);
    expect(code).toBe(0);
    for (const text of [tiny, String(bytes.length), sha1, 'code', 'main', 'muster.yaml:4', 'base', 'above']) expect(stdout).toContain(text);
  }
  // Also of a file that is not loaded.
  const unloaded = await info(fixture('hears.mjs'));
  expect(unloaded).toMatchObject({ path: fixture('hears.mjs'), size: readFileSync(fixture('hears.mjs')).length, exports: ['main'] });
  expect(unloaded.sha1).toBe(
    createHash('sha1')
      .update(readFileSync(fixture('hears.mjs')))
      .digest('hex'),
  );
  expect(await place.muster('info', './nosuch.mjs')).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('ENOENT') });
});

test('43. tracers show a request and its response once each, and no other type than they are asked for', async () => {
  await using place = await createPlace(
    `version: 1\nmodules:\n  tiny: ${tiny}\n  hears: {module: ${fixture('hears.mjs')}, args: ["news.*"]}\n`,
  );
  await place.up();
  using daemon = await talk(place);
  await using named = startRunning(place, 'trace', 'tiny');
  await using full = startRunning(place, 'trace', '--full', 'tiny');
  await using all = startRunning(place, 'trace');
  await using events = startRunning(place, 'trace', '-t', 'event');
  const requests = [named, full, all];
  await until(async () => {
    await daemon.refusal('tiny.warm-up');
    await daemon.ask('hears.says', { topic: 'news.warm-up', payload: 1 });
    return requests.every((tracer) => tracer.stdout().includes('warm-up')) && events.stdout().includes('warm-up');
  }, 'all tracers have begun');

  await daemon.ask('tiny.ping', { marked: 'payload' });
  await daemon.refusal('tiny.the-end');
  await daemon.ask('hears.says', { topic: 'news.the-end', payload: 1 });
  await until(() => [...requests, events].every((tracer) => tracer.stdout().includes('the-end')), 'all have shown what there was');
  const pings = (tracer: Running) =>
    tracer
      .stdout()
      .split('\n')
      .filter((line) => line.includes('tiny.ping'));
  for (const tracer of requests) {
    expect(pings(tracer).map((line) => line.match(/request|response/)?.[0])).toEqual(['request', 'response']);
  }
  expect(full.stdout()).toContain('marked');
  expect(named.stdout()).not.toContain('marked');
  expect(pings(events)).toEqual([]);
  expect(named.stdout()).not.toContain('news.');

  await expectUsage(place, 'trace', '-t', 'nosuch');
  await expectUsage(place, 'trace', '--delta');
});

async function expectUsage(place: Place, ...args: string[]): Promise<void> {
  const ran = await place.muster(...args);
  expect([ran.code, ran.stdout]).toEqual([1, '']);
  expect(ran.stderr).not.toBe('');
}
