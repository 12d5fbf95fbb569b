import { expect, test } from 'vitest';
import type { NotifySpec, RunNews } from '../../src/model/notify.ts';
import { createNotifier } from '../../src/notify/notifier.ts';
import { openOutbox } from '../../src/notify/outbox.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { createMemoryDisk, type MemoryDisk } from '../support/memory-disk.ts';
import { quiet } from '../support/quiet.ts';

const every: NotifySpec['on'] = ['applied', 'failed', 'drifted', 'degraded', 'recovered'];
const spec = (url: string, more: Partial<NotifySpec> = {}): NotifySpec => ({ on: every, url, timeout: 1000, cwd: '/', ...more });

/** A notifier on a disk, whose receivers do as they are told; `sent` has each attempt. */
async function setting(disk: MemoryDisk = createMemoryDisk()) {
  const clock = createFakeClock();
  const sent: string[] = [];
  const down = new Set<string>();
  const late = new Map<string, Promise<void>>();
  let count = 0;
  const notifier = createNotifier({
    clock,
    random: { next: () => 1, id: () => `id${++count}` },
    log: quiet,
    outbox: await openOutbox({ disk, log: quiet }),
    async send({ url }, notification, signal) {
      sent.push(`${url} ${notification.trigger} ${(clock.now() - start) / 1000}s`);
      if (down.has(`hang ${url}`)) await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
      await late.get(String(url));
      if (down.has(String(url))) throw new Error('down');
    },
    about: () => ({ daemon: { id: 'd', name: 'n', host: 'h' }, generation: 1, revision: null }),
    masked: (data) => JSON.parse(JSON.stringify(data).replaceAll('hush-hush', '***')),
    seal: { seal: (text) => `sealed ${text}`, open: (text) => text.slice('sealed '.length) },
  });
  const start = clock.now();
  const applied = (trigger: string): void => {
    const run: RunNews = {
      ...{ type: 'run', at: clock.now(), whole: true, trigger, by: null, reason: null, outcome: 'applied' },
      ...{ exitCode: 0, planId: 'p', summary: null, changes: [], errors: [] },
    };
    notifier.happened(run);
  };
  /** It answers when what is returned is called. */
  const takes = (url: string): (() => void) => {
    let answer = (): void => {};
    late.set(url, new Promise((resolve) => (answer = resolve)));
    return () => answer();
  };
  return { notifier, clock, sent, down, applied, disk, takes };
}

test('one that is down is tried after 1, 2, 4 seconds and so on up to five minutes, and holds up nobody else', async () => {
  const { notifier, clock, sent, down, applied } = await setting();
  down.add('http://a/');
  notifier.configure([spec('http://a/'), spec('http://b/')]);
  applied('x');
  applied('y');
  await clock.advance(7000);
  expect(sent.filter((line) => line.startsWith('http://b/'))).toEqual(['http://b/ x 0s', 'http://b/ y 0s']);
  expect(sent.filter((line) => line.startsWith('http://a/'))).toEqual(['0s', '1s', '3s', '7s'].map((at) => `http://a/ x ${at}`));
  expect(notifier.receivers[0]).toMatchObject({ to: 'http://a', waiting: 2, failure: { message: 'down', attempts: 4 } });
  await clock.advance(3_600_000);
  expect(sent.length).toBeLessThan(30);
  down.clear();
  await clock.advance(300_000);
  expect(sent.slice(-2).map((line) => line.split(' ').slice(0, 2).join(' '))).toEqual(['http://a/ x', 'http://a/ y']);
  expect(notifier.receivers[0]).toMatchObject({ waiting: 0, dropped: 0, failure: null });
});

test('one that hangs is given up after its timeout, and what nobody took for a day is dropped and counted', async () => {
  const { notifier, clock, down, applied, sent } = await setting();
  down.add('hang http://a/');
  notifier.configure([spec('http://a/')]);
  applied('x');
  await clock.advance(1000);
  expect(notifier.receivers[0]?.failure).toMatchObject({ message: 'no answer within 1s', attempts: 1 });
  await clock.advance(25 * 3_600_000);
  expect(notifier.receivers[0]).toMatchObject({ waiting: 0, dropped: 1 });
  down.clear();
  applied('y');
  await clock.advance(1000);
  expect(sent.at(-1)).toContain('http://a/ y');
});

test('the same address twice is one receiver that hears of what either entry wants, once', async () => {
  const { notifier, clock, sent, applied } = await setting();
  notifier.configure([spec('http://a/', { on: ['applied'] }), spec('http://a/', { on: ['failed', 'applied'] })]);
  applied('x');
  await clock.flush();
  expect(sent).toHaveLength(1);
  expect(notifier.receivers).toMatchObject([{ on: ['applied', 'failed'] }]);
});

test('one that is no longer in the config hears nothing more, and what waits for it goes', async () => {
  const { notifier, clock, sent, down, applied, disk } = await setting();
  down.add('http://a/');
  notifier.configure([spec('http://a/'), spec('http://b/')]);
  applied('x');
  await clock.flush();
  notifier.configure([spec('http://b/')]);
  await clock.advance(600_000);
  expect(sent.filter((line) => line.startsWith('http://a/'))).toHaveLength(1);
  expect(disk.text('outbox')).not.toContain('"type":"queued"');
});

const edits: Record<string, [NotifySpec[], NotifySpec[], string]> = {
  'its headers': [[spec('http://a/', { headers: { x: '1' } })], [spec('http://a/', { headers: { x: '2' } })], 'http://a/'],
  'its port and path': [[spec('http://b/'), spec('http://a:1/x')], [spec('http://a:2/y'), spec('http://b/')], 'http://a:2/y'],
  'a wrong host': [[spec('http://b/'), spec('http://aa/')], [spec('http://b/'), spec('http://a/')], 'http://a/'],
};

test.each(Object.keys(edits))('what waits goes to the entry as it is after an edit of %s, once and in order', async (what) => {
  const [before, after, now] = edits[what] as (typeof edits)[string];
  const { notifier, clock, sent, down, applied, disk } = await setting();
  const old = before.map(({ url }) => String(url)).find((url) => url !== 'http://b/') ?? '';
  down.add(old);
  notifier.configure(before);
  applied('x');
  applied('y');
  await clock.flush();
  down.clear();
  notifier.configure(after);
  applied('z');
  await clock.flush();
  expect(sent.filter((line) => !line.startsWith('http://b/'))).toEqual([
    `${old} x 0s`,
    ...['x', 'y', 'z'].map((one) => `${now} ${one} 0s`),
  ]);
  expect(sent.filter((line) => line.startsWith('http://b/'))).toHaveLength(before.length === 1 ? 0 : 3);
  await clock.advance(600_000);
  expect(notifier.receivers.map(({ waiting }) => waiting)).toEqual(after.map(() => 0));
  const next = await setting(disk.kill());
  next.notifier.resume();
  await next.clock.flush();
  expect(next.sent).toEqual([]);
});

test('what a receiver takes while its entry is edited is not sent once more', async () => {
  const { notifier, clock, sent, applied, takes } = await setting();
  const taken = takes('http://a/');
  notifier.configure([spec('http://a/')]);
  applied('x');
  await clock.flush();
  notifier.configure([spec('http://a/', { headers: { x: '2' } })]);
  applied('y');
  await clock.flush();
  expect(sent).toEqual(['http://a/ x 0s']);
  taken();
  await clock.flush();
  expect(sent).toEqual(['http://a/ x 0s', 'http://a/ y 0s']);
  expect(notifier.receivers).toMatchObject([{ waiting: 0, dropped: 0 }]);
});

test('another daemon knows whom to tell before it has read a config, and goes on with what waits', async () => {
  const first = await setting();
  first.down.add('http://a/');
  first.notifier.configure([spec('http://a/')]);
  first.applied('x');
  await first.clock.flush();
  const second = await setting(first.disk.kill());
  second.notifier.resume();
  await second.clock.flush();
  expect(second.notifier.receivers).toMatchObject([{ to: 'http://a', waiting: 0 }]);
  expect(second.sent).toEqual(['http://a/ x 0s']);
});

test('no secret is in what is sent, nor in what is kept of it', async () => {
  const { notifier, clock, disk, down } = await setting();
  down.add('http://a/');
  notifier.configure([spec('http://a/')]);
  notifier.happened({
    ...{ type: 'run', at: clock.now(), whole: true, trigger: 'reload', by: null, reason: 'hush-hush', outcome: 'failed', exitCode: 4 },
    ...{ planId: 'p', summary: null, changes: [{ name: 'a', action: 'load', status: 'failed', error: 'bad hush-hush' }], errors: [] },
  });
  await clock.flush();
  expect(disk.text('outbox')).toContain('bad ***');
  expect(disk.text('outbox')).not.toContain('hush-hush');
});

test('nobody is told while it pauses, and an attempt that was under way is made again', async () => {
  const { notifier, clock, sent, down, applied } = await setting();
  down.add('hang http://a/');
  notifier.configure([spec('http://a/')]);
  applied('x');
  await clock.flush();
  await notifier.pause();
  applied('y');
  await clock.advance(60_000);
  expect(sent).toEqual(['http://a/ x 0s']);
  down.clear();
  notifier.resume();
  await clock.flush();
  expect(sent).toEqual(['http://a/ x 0s', 'http://a/ x 60s', 'http://a/ y 60s']);
});
