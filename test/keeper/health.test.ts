import { expect, test } from 'vitest';
import type { AsideEnd } from '../../src/keeper/command/aside.ts';
import { createHealthMonitor } from '../../src/keeper/command/health.ts';
import type { Health } from '../../src/model/fields/probes.ts';
import { createFakeClock } from '../support/fake-clock.ts';

const every = (more: object): Health => ({ interval: 1000, timeout: 400, failures: 3, onFailure: 'mark', ...more }) as Health;

/** A monitor over a command that ends as it is told, or not before it is given up. */
function setting(health: Health | undefined = every({ command: ['check'] }), takesMs = 0) {
  const clock = createFakeClock();
  const reports: (string | null)[] = [];
  const now = { code: 0, hangs: false, under: 0, most: 0, tried: 0 };
  const start = clock.now();
  const times: number[] = [];
  const run = async (_argv: readonly string[], signal: AbortSignal): Promise<AsideEnd> => {
    now.tried += 1;
    now.under += 1;
    now.most = Math.max(now.most, now.under);
    times.push(clock.now() - start);
    const { code, hangs } = now;
    await new Promise<void>((resolve) => {
      if (!hangs) clock.after(takesMs, resolve);
      signal.addEventListener('abort', () => resolve());
    });
    now.under -= 1;
    return { exit: { code, signal: null }, lastLine: '' };
  };
  const monitor = createHealthMonitor(health, { clock, random: { next: () => 0.5 }, run, report: (failure) => reports.push(failure) });
  return { clock, reports, now, times, monitor };
}

test('nothing is tested before it runs, nor after its end', async () => {
  const { clock, now, times, monitor } = setting();
  await clock.advance(5000);
  expect(now.tried).toBe(0);
  monitor.start();
  await clock.advance(2600);
  expect(times).toEqual([5500, 6500, 7500]);
  monitor.stop();
  await clock.advance(5000);
  expect([now.tried, clock.pending()]).toEqual([3, 0]);
});

test('it is unwell after so many failures in a row, which is said each time, and well again after one success', async () => {
  const { clock, reports, now, monitor } = setting();
  monitor.start();
  now.code = 1;
  await clock.advance(1600);
  now.code = 0;
  await clock.advance(1000);
  now.code = 1;
  await clock.advance(2000);
  expect(reports).toEqual([]);
  await clock.advance(1000);
  expect(reports).toEqual(['command check: exited with code 1 (3 times)']);
  await clock.advance(1000);
  expect(reports).toHaveLength(2);
  now.code = 0;
  await clock.advance(3000);
  expect(reports.slice(2)).toEqual([null]);
});

test('a test that hangs has failed at its timeout, and tests never overlap', async () => {
  const { clock, reports, now, times, monitor } = setting(every({ command: ['check'], failures: 1, timeout: 3000 }));
  monitor.start();
  now.hangs = true;
  await clock.advance(9000);
  expect(times).toEqual([500, 4500, 8500]);
  expect(reports).toEqual(['command check: no end in time', 'command check: no end in time (2 times)']);
  expect(now.most).toBe(1);
  monitor.stop();
  await clock.flush();
  expect(now.under).toBe(0);
});

test('what a test says that was given up with the end of the program does not count', async () => {
  const { clock, reports, now, monitor } = setting(every({ command: ['check'], failures: 1 }));
  monitor.start();
  now.hangs = true;
  await clock.advance(600);
  expect(now.under).toBe(1);
  monitor.stop();
  await clock.advance(5000);
  expect([reports, now.under]).toEqual([[], 0]);
});

test('another test takes the place of the old one at once, the same one changes nothing, and without one it is well', async () => {
  const { clock, reports, now, times, monitor } = setting(every({ command: ['check'], failures: 1 }));
  monitor.start();
  now.code = 1;
  await clock.advance(600);
  expect(reports).toHaveLength(1);
  monitor.update(every({ command: ['check'], failures: 1 }));
  await clock.advance(1000);
  expect(times).toEqual([500, 1500]);
  monitor.update(every({ command: ['check'], failures: 1, interval: 200 }));
  await clock.advance(310);
  expect(times).toEqual([500, 1500, 1700, 1900]);
  monitor.update(undefined);
  await clock.advance(5000);
  expect([reports.at(-1), now.tried, clock.pending()]).toEqual([null, 4, 0]);
  monitor.update(every({ command: ['check'] }));
  await clock.advance(500);
  expect(now.tried).toBe(5);
});

test('a change before it runs is taken over', async () => {
  const { clock, now, monitor } = setting(undefined);
  monitor.update(every({ command: ['check'] }));
  await clock.advance(5000);
  expect(now.tried).toBe(0);
  monitor.start();
  await clock.advance(500);
  expect(now.tried).toBe(1);
});

test('a watchdog wants to hear in time, and is content once it does', async () => {
  const { clock, reports, monitor } = setting(every({ watchdog: 1000 }));
  monitor.start();
  await clock.advance(900);
  monitor.watchdog('alive');
  await clock.advance(900);
  expect(reports).toEqual([]);
  await clock.advance(100);
  expect(reports).toEqual(['no WATCHDOG=1 within 1s']);
  monitor.watchdog('alive');
  expect(reports).toEqual(['no WATCHDOG=1 within 1s', null]);
  monitor.watchdogEvery(3000);
  await clock.advance(2900);
  expect(reports).toHaveLength(2);
  monitor.watchdog('trigger');
  expect(reports.at(-1)).toBe('it said WATCHDOG=trigger');
  monitor.stop();
  expect(clock.pending()).toBe(0);
});
