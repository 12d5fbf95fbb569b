import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createPlace, type Place } from '../support/place.ts';
import { type Talk, talk } from '../support/talk.ts';

const fixture = (file: string) => join(import.meta.dirname, 'fixtures', file);

let place: Place;
let daemon: Talk;

beforeAll(async () => {
  place = await createPlace(
    `version: 1\nmodules:\n  tiny: ${fixture('tiny.mjs')}\n  various: ${fixture('answers-variously.mjs')}\n  store: {module: ${fixture('registers.mjs')}, args: [shelf]}\n`,
  );
  await place.up();
  daemon = await talk(place);
});

afterAll(async () => {
  daemon?.[Symbol.dispose]();
  await place?.[Symbol.asyncDispose]();
});

test('15. debug flags are set, added to, taken from and cleared, in three notations', async () => {
  const steps = [
    [['--setbit', '0x10000'], '0x10000'],
    [['--set', '0xff00'], '0xff00'],
    [['--clearbit', '0x1000'], '0xef00'],
    [['--clear'], '0x0'],
    [['--set', '010'], '0x8'],
    [['-C'], '0x0'],
    [['-S', '12'], '0xc'],
    [['-s', '1'], '0xd'],
    [['-c', '4'], '0x9'],
    [[], '0x9'],
  ] as const;
  for (const [options, flags] of steps) {
    expect(await place.muster('debug', ...options, 'tiny')).toEqual({ code: 0, stdout: `${flags}\n`, stderr: '' });
  }
  for (const mask of ['0xzz', '08', 'many', '1.5', '0x100000000']) {
    const bad = await place.muster('debug', '--set', mask, 'tiny');
    expect([bad.code, bad.stdout]).toEqual([1, '']);
    expect(bad.stderr).toContain('EINVAL');
  }
});

test('16. requests that a module gets are counted, until its counters are cleared', async () => {
  const received = async () => Number((await place.muster('stats', '-p', 'rx.request', 'tiny')).stdout);
  const before = await received();
  for (let times = 0; times < 10; times++) await daemon.ask('tiny.ping');
  const after = await received();
  expect(after).toBeGreaterThanOrEqual(before + 10);
  expect(await place.muster('stats', '--clear', 'tiny')).toMatchObject({ code: 0 });
  expect(await received()).toBeLessThan(after);
});

test('17. one counter is printed as an integer or with a decimal point, divided by a scale', async () => {
  await daemon.ask('tiny.ping');
  const integer = await place.muster('stats', '-p', 'tx.request', '-t', 'int', '-s', '2', 'tiny');
  expect([integer.code, integer.stdout]).toEqual([0, expect.stringMatching(/^\d+\n$/)]);
  const double = await place.muster('stats', '-p', 'tx.response', '-t', 'double', '-s', '2', 'tiny');
  expect([double.code, double.stdout]).toEqual([0, expect.stringMatching(/^\d+\.\d+\n$/)]);
  const unknown = await place.muster('stats', '-p', 'tx.nosuch', 'tiny');
  expect([unknown.code, unknown.stdout]).toEqual([1, '']);
  expect(unknown.stderr).toContain('tx.nosuch');
});

test('18. the use of resources is told of the process, its children and the thread', async () => {
  for (const who of [[], ['self'], ['children'], ['thread']]) {
    const ran = await place.muster('stats', 'tiny', '-R', ...who);
    expect(ran, ran.stderr).toMatchObject({ code: 0 });
    const { utime, stime, maxrss } = JSON.parse(ran.stdout);
    expect([utime, stime, maxrss].map((value) => typeof value)).toEqual(['number', 'number', 'number']);
  }
  const bad = await place.muster('stats', 'tiny', '-R', 'bad');
  expect([bad.code, bad.stdout]).toEqual([1, '']);
  expect(bad.stderr).toContain('EINVAL');
});

test('19. ping, stats, debug and rusage are answered without the author, unless the module does it itself', async () => {
  await daemon.ask('tiny.ping');
  expect(await daemon.ask('tiny.stats')).toMatchObject({ tx: { request: 0 }, rx: { request: expect.any(Number) } });
  expect(await daemon.ask('tiny.debug')).toEqual({ flags: expect.any(Number) });
  expect(await daemon.ask('tiny.rusage')).toMatchObject({
    utime: expect.any(Number),
    stime: expect.any(Number),
    maxrss: expect.any(Number),
  });
  expect(await daemon.ask('various.rusage')).toBe('of its own');
  const ran = await place.muster('request', 'various.rusage');
  expect([ran.code, JSON.parse(ran.stdout)]).toEqual([0, 'of its own']);
});

test('a service stands for the module that has it wherever one is looked at', async () => {
  for (const args of [['stats'], ['stats', '-R'], ['debug'], ['info'], ['list']]) {
    const [command = '', ...options] = args;
    expect(await place.muster(command, 'shelf', ...options), args.join(' ')).toMatchObject({ code: 0, stderr: '' });
  }
  expect(JSON.parse((await place.muster('info', 'shelf', '--json')).stdout)).toMatchObject({ name: 'store', services: ['shelf'] });
  const unknown = await place.muster('stats', 'nosuch');
  expect([unknown.code, unknown.stdout]).toEqual([1, '']);
  expect(unknown.stderr).toContain('(ENOENT)');
});
