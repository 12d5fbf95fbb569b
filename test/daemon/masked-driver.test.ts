import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { maskedDriver } from '../../src/daemon/masked-driver.ts';
import type { Ended, Launch, Launched } from '../../src/model/driver.ts';
import { MusterError } from '../../src/model/error.ts';

const secret = 'hunter2-hunter2';
const mask = (text: string): string => text.replaceAll(secret, '***');

function launched(more: Partial<Launched>): Launched {
  const nothing = (): void => {};
  return {
    ready: Promise.resolve(),
    ended: new Promise(() => {}),
    pid: () => 1,
    threadId: () => null,
    containment: () => null,
    reconfigurable: () => true,
    save: async () => null,
    resume: nothing,
    stop: nothing,
    kill: nothing,
    reconfigure: async () => {},
    update: nothing,
    rename: nothing,
    signal: nothing,
    activeAt: () => 0,
    queued: () => 0,
    stats: async () => ({}),
    clearStats: async () => {},
    rusage: async () => ({ utime: 0, stime: 0, maxrss: 0 }),
    output: () => [],
    ...more,
  };
}

test('whatever a module says through its driver comes without secrets', async () => {
  const ended: Ended = { code: null, signal: null, error: { message: secret, stack: `Error: ${secret}` }, reason: `threw: ${secret}` };
  const statuses: string[] = [];
  const counts = { request: 1, response: 2, event: 3, control: 4 };
  const driver = maskedDriver(
    {
      start: (_launch, hooks) => {
        hooks.status('info', `token ${secret}`);
        return launched({
          ready: Promise.reject(new MusterError('EFAILED', `cannot use ${secret}`, { output: [`line ${secret}`], cause: secret })),
          ended: Promise.resolve(ended),
          reconfigure: () => Promise.reject(new MusterError('EFAILED', secret)),
          save: () => Promise.reject(new MusterError('EFAILED', secret)),
          stats: async () => ({ tx: counts, own: [{ [secret]: `is ${secret}`, n: 1 }], map: new Map([[1, secret]]), at: new Date(0) }),
          output: () => [secret],
        });
      },
    },
    mask,
  );
  const run = driver.start({} as Launch, {
    status: (_level, message) => statuses.push(message),
    finalizing: () => {},
    waiting() {},
    health() {},
    launched() {},
    extend() {},
  });
  expect(statuses).toEqual(['token ***']);
  const error: unknown = await run.ready.catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: 'EFAILED', message: 'cannot use ***', output: ['line ***'] });
  expect(inspect(error, { depth: 9 })).not.toContain(secret);
  expect(JSON.stringify(await run.ended)).not.toContain(secret);
  await expect(run.reconfigure({})).rejects.toMatchObject({ message: '***' });
  await expect(run.save()).rejects.toMatchObject({ message: '***' });
  expect(await run.stats()).toEqual({ tx: counts, own: [{ '***': 'is ***', n: 1 }], map: [[1, '***']], at: '1970-01-01T00:00:00.000Z' });
  expect(run.output()).toEqual(['***']);
});
