import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createPlace } from '../support/place.ts';
import { talk } from '../support/talk.ts';

const root = join(import.meta.dirname, '../..');

test('the example modules talk to each other, and keep what they know over a reload', async () => {
  await using place = await createPlace();
  cpSync(join(root, 'src/examples'), join(place.dir, 'src/examples'), { recursive: true });
  cpSync(join(root, 'config.example.yaml'), join(place.dir, 'muster.yaml'));
  await place.up();
  using daemon = await talk(place);
  expect(await daemon.ask('guestbook.sign', { who: 'you' })).toEqual({ guests: 1 });
  expect(await daemon.ask('guestbook.sign')).toEqual({ guests: 2 });
  expect(await daemon.refusal('guestbook.sign', { who: 4 })).toEqual({ code: 'EINVAL', message: 'who is a name' });
  expect(await daemon.ask('gateway.welcome.get')).toBe('Welcome, client');
  for (const name of ['guestbook', 'counter', 'gateway']) expect(await place.muster('reload', name)).toMatchObject({ code: 0 });
  expect(await daemon.parts('guestbook.read')).toMatchObject([{ who: 'you' }, { who: 'client' }]);
  expect(await daemon.ask('counter.counts')).toEqual({ 'guestbook.signed': 2 });
  expect(await daemon.ask('gateway.list')).toEqual([{ name: 'gateway.welcome', state: 'R' }]);
  expect((await place.module('gateway')).status.message).toBe('gateway.welcome was loaded last');
});
