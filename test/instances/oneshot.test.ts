import { describe, expect, test } from 'vitest';
import { command, createBench } from './bench.ts';

const done = { readyAfter: 2000, exitAfter: 0 };
const fails = { readyAfter: 100, failStart: 'migrate exited with code 1' };
const oneshot = (more: Record<string, unknown> = {}) => command('migrate', { oneshot: true, restart: { policy: 'never' }, ...more });
const onFailure = { policy: 'onFailure', backoff: { initial: '1s' } };

describe('a oneshot', () => {
  test('is I while it runs, and finished, in order, once it has ended with success', async () => {
    const { instances, clock, path } = createBench(({ name }) => (name === 'migrate' ? done : {}));
    const loading = instances.load(oneshot());
    await instances.load(command('web', { requires: ['migrate'] }));
    expect(instances.view('migrate')).toMatchObject({ state: 'I', finished: false, healthy: false });
    expect(instances.view('web')?.waitingFor).toEqual(['migrate']);
    await clock.advance(2000);
    await loading;
    expect(instances.view('migrate')).toMatchObject({
      state: 'E',
      failed: false,
      finished: true,
      healthy: true,
      status: { message: 'finished after 2s' },
    });
    expect(instances.view('web')?.waitingFor).toEqual([]);
    expect(path('migrate')).toBe('I E');
  });

  test('is failed, and not tried again, where it ends otherwise', async () => {
    const { instances, clock, driver } = createBench(() => fails);
    const failed = expect(instances.load(oneshot())).rejects.toMatchObject({ code: 'EFAILED', message: 'migrate exited with code 1' });
    await clock.advance(60_000);
    await failed;
    expect(instances.get('migrate')).toMatchObject({ state: 'E', failed: true });
    expect(driver.starts).toHaveLength(1);
  });

  test('is tried again within its start where its policy says so', async () => {
    const { instances, clock, path } = createBench((_, nth) => (nth < 2 ? fails : done));
    const loading = instances.load(oneshot({ restart: onFailure }));
    await clock.advance(20_000);
    await loading;
    expect(instances.view('migrate')).toMatchObject({ finished: true, restarts: 2 });
    expect(path('migrate')).toBe('I B I B I E');
  });

  test('is given up with its limit, and when its time is over', async () => {
    const { instances, clock } = createBench(() => fails);
    const limited = instances.load(oneshot({ restart: { ...onFailure, limit: { count: 1, within: '1m' } } }));
    const gaveUp = expect(limited).rejects.toMatchObject({
      message: expect.stringContaining('gave up: restarted 1 times within 1m; last: migrate exited'),
    });
    await clock.advance(10_000);
    await gaveUp;
    const late = instances.load(oneshot({ restart: onFailure, startTimeout: '5s' }));
    const over = expect(late).rejects.toMatchObject({
      message: expect.stringMatching(/^not done within 5s \(startTimeout\) after 3 attempts; last:/),
    });
    await clock.advance(10_000);
    await over;
    expect(instances.get('migrate')).toMatchObject({ state: 'E', failed: true });
  });

  test('has its startTimeout for all of its work, and 0 is no limit', async () => {
    const { instances, clock } = createBench(() => ({ readyAfter: 3_600_000, exitAfter: 0 }));
    const late = expect(instances.load(oneshot({ startTimeout: '10s' }))).rejects.toMatchObject({
      code: 'ETIMEDOUT',
      message: 'migrate was not done after 10s (startTimeout)',
    });
    await clock.advance(10_000);
    await late;
    const loading = instances.load(oneshot({ startTimeout: 0 }));
    await clock.advance(3_600_000);
    await loading;
    expect(instances.get('migrate')?.finished?.why).toBe('finished after 1h');
  });

  test.each([
    ['while it runs', 1000],
    ['between two attempts', 2500],
  ])('stopped %s has not finished, and whoever waits hears so', async (_, at) => {
    const { instances, clock, driver } = createBench(() => ({ ...fails, readyAfter: 2000 }));
    const cancelled = expect(instances.load(oneshot({ restart: onFailure }))).rejects.toMatchObject({ code: 'ECANCELED' });
    await clock.advance(at);
    await instances.halt('migrate');
    await cancelled;
    const loaded = instances.get('migrate');
    expect([loaded?.state, loaded?.failed, loaded?.finished]).toEqual(['E', false, undefined]);
    const { length } = driver.starts;
    await clock.advance(60_000);
    expect(driver.starts).toHaveLength(length);
  });

  test('that has finished before is listed as that, and nothing is started', async () => {
    const { instances, clock, driver } = createBench(() => done);
    const { desired, origin, generation } = oneshot();
    const { name, kind, spec, specDigest, codeDigest, path, source } = desired;
    const finished = { at: clock.now() - 60_000, why: 'finished after 3s' };
    instances.restore({ name, kind, spec, specDigest, codeDigest, path, source, origin, generation }, finished);
    expect(instances.get('migrate')).toMatchObject({ state: 'E', started: true, finished });
    expect(instances.view('migrate')).toMatchObject({ finished: true, healthy: true, since: new Date(finished.at).toISOString() });
    expect(driver.starts).toHaveLength(0);
  });

  test('takes no place beside what ran before it', async () => {
    const { instances, clock, driver } = createBench(({ spec }) =>
      'oneshot' in spec && spec.oneshot ? { readyAfter: 0, exitAfter: 0 } : {},
    );
    await instances.load(command('migrate', { reload: { strategy: 'overlap' } }));
    const replaced = instances.replace('migrate', oneshot({ reload: { strategy: 'overlap' } }));
    await clock.advance(1);
    expect(await replaced).toEqual({ status: 'ok' });
    expect(instances.get('migrate')?.finished).toBeDefined();
    expect(driver.live()).toHaveLength(0);
  });
});
