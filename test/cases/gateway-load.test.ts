import { execFile, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import autocannon from 'autocannon';
import { expect, test } from 'vitest';
import type { Result } from '../../src/model/plan.ts';
import { createPlace } from '../support/place.ts';
import { talk } from '../support/talk.ts';

const fixture = (file: string) => join(import.meta.dirname, 'fixtures/web', file);
const wrk = spawnSync('wrk', ['-v']).error === undefined;

type Load = { end(): Promise<{ answered: number; lost: number }> };

/** Clients on connections that are kept, until they are told to end. */
function load(port: number, host: string, connections = 8): Load {
  const running = autocannon({ url: `http://127.0.0.1:${port}/echo`, headers: { host }, connections, duration: 600, overallRate: 400 });
  return {
    async end() {
      (running as unknown as { stop(): void }).stop();
      const { '2xx': answered, errors, non2xx, resets, timeouts } = await running;
      return { answered, lost: errors + non2xx + resets + timeouts };
    },
  };
}

test('30 reloads that do not concern a component lose none of its requests and reset no connection; nor does one by overlap', async () => {
  await using place = await createPlace();
  const entry = (more: object = {}) => ({ module: fixture('message.mjs'), service: 'gateway', requires: ['host.org'], ...more });
  const overlap = { reload: { strategy: 'overlap' } };
  const declare = (round: number) => {
    const modules = {
      gateway: { module: 'builtin:gateway', config: { listen: '127.0.0.1:0', accessLog: round % 3 === 0 } },
      'host.org': { module: 'builtin:vhost', service: 'gateway' },
      stays: entry(),
      'other.org': { module: 'builtin:vhost', service: 'gateway' },
      changes: entry({ args: [String(round)], ...overlap }),
      [`comes-${round % 2}`]: entry({ args: [String(round)] }),
    };
    return place.write('muster.yaml', `${JSON.stringify({ version: 1, modules, policy: { maxRemovals: '100%' } }, null, 1)}\n`);
  };
  await declare(0);
  await place.up();
  using daemon = await talk(place);
  const port = Number((await place.module('gateway')).status.message.split(':').at(-1));
  const before = await place.module('stays');
  const loads = [load(port, 'stays'), load(port, 'changes')];
  const byWrk = wrk
    ? promisify(execFile)('wrk', ['-d', '5', '-c', '4', '-t', '1', '-H', 'Host: stays', `http://127.0.0.1:${port}/echo`])
    : null;

  for (let round = 1; round <= 30; round += 1) {
    await declare(round);
    const { changes, exitCode } = (await daemon.muster('reload', {})) as Result;
    expect(exitCode).toBe(0);
    const acts = changes.map(({ name, action }) => `${action} ${name}`);
    expect(acts).toEqual(expect.arrayContaining(['reload changes', `load comes-${round % 2}`, `remove comes-${(round + 1) % 2}`]));
    expect(acts).not.toContain('reload gateway');
  }
  const [stays, changes] = await Promise.all(loads.map(({ end }) => end()));
  expect(stays).toMatchObject({ lost: 0 });
  expect(changes).toMatchObject({ lost: 0 });
  expect(Math.min(stays?.answered ?? 0, changes?.answered ?? 0)).toBeGreaterThan(300);
  expect(await place.module('stays')).toMatchObject({ startedAt: before.startedAt, since: before.since });
  if (byWrk === null) process.stderr.write('wrk is not here: autocannon alone has loaded the gateway\n');
  else expect((await byWrk).stdout).not.toMatch(/Non-2xx|Socket errors/);
});
