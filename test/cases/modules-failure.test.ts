import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { EventDoc } from '../../src/model/documents.ts';
import { createPlace, until } from '../support/place.ts';
import { talk } from '../support/talk.ts';

const fails = join(import.meta.dirname, 'fixtures/fails-when-told.mjs');

test('28. a module that fails and is not restarted is kept, with the reason, until it is removed or reloaded', async () => {
  await using place = await createPlace(`version: 1\nmodules:\n  keeps: ${fails}\n  fails: {module: ${fails}, restart: {policy: never}}\n`);
  await place.up();
  using daemon = await talk(place);
  await daemon.ask('fails.fails').catch(() => {});
  await until(async () => (await place.module('fails')).state === 'E', 'it has ended');
  expect(await place.module('fails')).toMatchObject({
    failed: true,
    restarts: 0,
    lastExit: { reason: 'threw: the disk is on fire', error: expect.stringContaining('the disk is on fire') },
  });
  expect((await place.muster('list')).stdout).toMatch(/^fails .* X .*the disk is on fire/m);
  expect((await daemon.refusal('fails.fails')).code).toBe('ENOSYS');

  expect(await place.muster('reload', 'fails')).toMatchObject({ code: 0 });
  expect(await place.module('fails')).toMatchObject({ state: 'R', failed: false });
  await daemon.ask('fails.fails').catch(() => {});
  await until(async () => (await place.module('fails')).state === 'E', 'it has ended again');
  expect(await place.muster('remove', 'fails')).toMatchObject({ code: 0 });
  expect((await place.list()).map(({ name }) => name)).toEqual(['keeps']);
});

test('29. a module that always fails is restarted with pauses, then given up, and tried again by the next run', async () => {
  const restart = 'restart: {policy: onFailure, backoff: {initial: 100ms}, limit: {count: 3, within: 1m}}';
  await using place = await createPlace(`version: 1\nmodules:\n  keeps: ${fails}\n`);
  await place.up();
  using daemon = await talk(place);
  await place.write(
    'muster.yaml',
    `version: 1\nmodules:\n  keeps: ${fails}\n  fails: {module: ${fails}, config: {always: true}, ${restart}}\n`,
  );
  await place.muster('reload');
  await until(async () => (await place.module('fails')).failed, 'it is given up');
  const events = (await daemon.parts('muster.events', {})).flat() as EventDoc[];
  expect(events.filter(({ name }) => name === 'fails').map(({ fields }) => fields?.to)).toContain('B');
  const givenUp = await place.module('fails');
  expect(givenUp.state).toBe('E');
  expect(givenUp.restarts).toBeLessThanOrEqual(3);
  expect((await place.muster('list')).stdout).toMatch(/^fails .* X /m);

  const { result } = await place.reload();
  expect(result.changes).toMatchObject([{ name: 'fails', reason: { code: 'failed' } }]);
  expect((await place.module('fails')).startedAt).not.toBe(givenUp.startedAt);
});
