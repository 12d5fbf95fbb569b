import { chmod, readFile, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { StatusDoc } from '../../src/model/status-doc.ts';
import { createPlace, type Place, until } from '../support/place.ts';
import { createReceiver, type Receiver } from '../support/receiver.ts';

/** One daemon for most of them; it tells an address that is a secret, with a header that is one. */
let place: Place;
let receiver: Receiver;
const token = 'correct-horse-battery';

const head = (more = '') => `version: 1
policy: {watch: off, interval: 1s}
notify:
  - {url: {secret: "file:./hook"}, headers: {Authorization: {secret: "env:HOOK_TOKEN"}}, timeout: 2s}
  - {on: [applied], exec: [./hook.sh, "a b"], timeout: 2s}
modules:
  a: {command: [sleep, "1001"]}
${more}`;
const log = (): Promise<string> => readFile(join(place.stateDir, 'log/muster.log'), 'utf8');
const events = (): string[] => receiver.taken().map(({ body }) => body.event);
const reload = async (more = '') => {
  await place.write('muster.yaml', head(more));
  return place.muster('reload', '--reason', 'because');
};

beforeAll(async () => {
  [place, receiver] = [await createPlace(), await createReceiver()];
  await place.write('muster.yaml', head());
  await place.write('hook', `${receiver.url}\n`);
  await place.write(
    'hook.sh',
    '#!/bin/sh\n[ -e hang ] && { rm hang; setsid sleep 1003 & sleep 1004; }\n[ -e fail ] && { rm fail; echo no luck; exit 3; }\necho "told $MUSTER_EVENT with $1"; cat > "told.json"\n',
  );
  await chmod(join(place.dir, 'hook.sh'), 0o755);
  const ran = await place.musterWith({ env: { HOOK_TOKEN: token } }, 'up', '-d', '-c', 'muster.yaml');
  expect(ran.code, ran.stderr).toBe(0);
});
afterAll(async () => {
  await place[Symbol.asyncDispose]();
  await receiver[Symbol.asyncDispose]();
});

test('what was applied is told with all that a reader needs, to the right address, by who asked and why', async () => {
  expect(await receiver.next('applied')).toMatchObject({ trigger: 'start', by: null, generation: 1 });
  const before = receiver.taken().length;
  expect(await place.musterWith({ env: { MUSTER_BY: 'alice' } }, 'restart', 'a', '--reason', 'INC-1')).toMatchObject({ code: 0 });
  const told = await receiver.next('applied', before);
  const status = await place.status();
  expect(told).toMatchObject({
    ...{ formatVersion: '1.0', event: 'applied', trigger: 'restart', by: 'alice', reason: 'INC-1', outcome: 'applied', exitCode: 0 },
    ...{ daemon: { id: status.daemonId, name: 'default' }, generation: 1, revision: null },
    ...{ changes: [{ name: 'a', action: 'reload', status: 'ok', error: null }], moreChanges: 0, unhealthy: [], drift: [] },
    text: expect.stringMatching(/^default on \S+: applied \(restart by alice\): reload a$/),
  });
  const { headers, path } = receiver.taken().at(-1) as ReturnType<Receiver['taken']>[number];
  expect(path).toBe('/hook/hush-hush-path');
  expect(headers).toMatchObject({ authorization: token, 'idempotency-key': told.id, 'content-type': 'application/json' });
});

test('a program gets the same document at its standard input, and what it says is in the log of the daemon', async () => {
  // What was told to one receiver waits for the other, or was taken by it.
  await until(async () => (await place.status()).notify[1]?.waiting === 0, 'the hook has run');
  expect(await log()).toContain('told applied with a b');
  const told = JSON.parse(await readFile(join(place.dir, 'told.json'), 'utf8'));
  expect(told.id).toBe(receiver.taken().findLast(({ body }) => body.event === 'applied')?.body.id);
});

test('one that hangs is ended whole, one that fails is tried again, and what it was told is not lost', async () => {
  const before = receiver.taken().length;
  for (const file of ['hang', 'fail']) await place.write(file, '');
  expect(await reload('  b: {command: [sleep, "1002"]}\n')).toMatchObject({ code: 0 });
  const told = await receiver.next('applied', before);
  const hook = async () => (await place.status()).notify[1];
  const failure = async (attempts: number) => {
    let found: StatusDoc['notify'][number]['failure'] | undefined;
    await until(async () => {
      found = (await hook())?.failure;
      return found?.attempts === attempts;
    }, `it has failed ${attempts} times`);
    return found?.message;
  };
  expect(await failure(1)).toBe('no answer within 2s');
  expect(await failure(2)).toMatch(/hook\.sh exited with code 3: no luck$/);
  await until(async () => (await hook())?.waiting === 0, 'it is told');
  expect(JSON.parse(await readFile(join(place.dir, 'told.json'), 'utf8')).id).toBe(told.id);
  const lineOf = (pid: number) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  const lines = (await Promise.all((await place.processes()).map(lineOf))).map((line) => line.replaceAll('\0', ' '));
  expect(lines.filter((line) => /sleep 100[34]/.test(line))).toEqual([]);
});

test('a receiver that refuses, hangs and breaks off gets each notification in order, in the end once, always under one id', async () => {
  const before = receiver.got.length;
  receiver.faults('hang', 'reset', 'refuse');
  expect(await reload('  c: {command: [sleep, "1005"]}\n')).toMatchObject({ code: 0 });
  expect(await place.muster('restart', 'a')).toMatchObject({ code: 0 });
  await until(async () => (await place.status()).notify[0]?.failure !== null, 'the failure shows');
  const { notify, conditions } = await place.status();
  expect(notify[0]).toMatchObject({ to: `secret file:${join(place.dir, 'hook')}`, waiting: 2, dropped: 0 });
  expect(conditions.find(({ type }) => type === 'Notifying')).toMatchObject({ status: false, reason: 'notDelivered' });
  await until(() => receiver.taken().length >= 2 && receiver.got.slice(before).filter(({ taken }) => taken).length === 2, 'both are told');
  const ids = receiver.got.slice(before).map(({ body, taken }) => `${body.id} ${taken}`);
  const [first, second] = [receiver.got[before]?.body.id, receiver.got.at(-1)?.body.id];
  expect(ids).toEqual([`${first} false`, `${first} false`, `${first} false`, `${first} true`, `${second} true`]);
  await until(async () => (await place.status()).notify[0]?.waiting === 0, 'nothing waits');
  expect((await place.status()).notify[0]).toMatchObject({ failure: null, dropped: 0 });
});

test('the same failure is told once, drift once, and health when it has been bad for a while and when it is good again', async () => {
  await place.write('muster.yaml', 'version: 1\nmodules: [\n');
  for (let times = 0; times < 3; times += 1) expect((await place.muster('reload')).code).toBe(1);
  expect(await receiver.next('failed')).toMatchObject({
    outcome: 'error',
    exitCode: 1,
    errors: expect.arrayContaining([expect.stringContaining('muster.yaml:3:1 ')]),
  });
  expect(
    await reload(
      '  c: {command: [sh, -c, "[ -e down ] && exit 7; echo up; exec sleep 1006"], restart: {policy: never}, ready: {log: up}}\n',
    ),
  ).toMatchObject({ code: 0 });

  expect(await place.muster('remove', 'a')).toMatchObject({ code: 0 });
  expect(await receiver.next('drifted')).toMatchObject({ drift: [{ name: 'a', text: 'not loaded' }] });

  await place.write('down', '');
  expect((await place.muster('restart', 'c')).code).not.toBe(0);
  expect(await receiver.next('degraded')).toMatchObject({ unhealthy: [{ name: 'c' }], text: expect.stringContaining('not healthy: c: ') });
  await unlink(join(place.dir, 'down'));
  expect(await place.muster('reload')).toMatchObject({ code: 0 });
  await receiver.next('recovered');
  expect(events().filter((event) => event === 'drifted' || event === 'degraded' || event === 'recovered')).toEqual([
    'drifted',
    'degraded',
    'recovered',
  ]);
  expect(receiver.taken().filter(({ body }) => body.event === 'failed' && body.outcome === 'error')).toHaveLength(1);
});

test('neither the address nor the header is in anything that muster says or keeps', async () => {
  await place.write('hook', 'http://127.0.0.1:1/hush-hush-path');
  expect(await place.muster('restart', 'a')).toMatchObject({ code: 0 });
  await until(async () => (await place.status()).notify[0]?.failure !== null, 'nobody takes it');
  const said = [
    (await place.muster('status')).stdout,
    JSON.stringify(await place.status()),
    (await place.muster('events', '--json')).stdout,
    await log(),
    ...(await Promise.all(['outbox', 'audit.log', 'journal'].map((file) => readFile(join(place.stateDir, file), 'utf8')))),
    JSON.stringify(receiver.taken().map(({ body }) => body)),
  ].join('\n');
  expect(said).not.toContain('hush-hush');
  expect(said).not.toContain('127.0.0.1:1');
  expect(said).not.toContain(token);
  await place.write('hook', receiver.url);
});

test('a daemon that is killed or replaced between a notification and its answer tells it again under the same id, and no other', async () => {
  await using other = await createPlace();
  await using hearer = await createReceiver();
  const config = `version: 1\nnotify: [{url: "${hearer.url}", timeout: 30s}]\nmodules:\n  a: {command: [sleep, "1007"]}\n`;
  await other.write('muster.yaml', config);
  await other.up();
  await hearer.next('applied');
  hearer.faults('hang');
  expect(await other.muster('restart', 'a', '--reason', 'kill')).toMatchObject({ code: 0 });
  await until(() => hearer.got.length === 2, 'it is on its way');
  await other.kill();
  await other.up();
  await until(() => hearer.taken().some(({ body }) => body.trigger === 'start' && body.id !== hearer.got[0]?.body.id), 'the start is told');

  hearer.faults('hang');
  const before = hearer.got.length;
  expect(await other.muster('restart', 'a', '--reason', 'replace')).toMatchObject({ code: 0 });
  await until(() => hearer.got.length === before + 1, 'it is on its way');
  expect(await other.muster('up', '-d', '-c', 'muster.yaml', '--replace')).toMatchObject({ code: 0 });
  await until(() => hearer.taken().some(({ body }) => body.reason === 'replace'), 'it is told after all');
  const seen = hearer.got.map(({ body, taken }) => `${body.trigger} ${body.reason} ${taken}`);
  expect(seen).toEqual([
    'start null true',
    'restart kill false',
    'restart kill true',
    'start null true',
    'restart replace false',
    'restart replace true',
  ]);
  expect(hearer.got[2]?.body).toEqual(hearer.got[1]?.body);
  expect(hearer.got[5]?.body).toEqual(hearer.got[4]?.body);
  expect(new Set(hearer.taken().map(({ body }) => body.id)).size).toBe(4);
});
