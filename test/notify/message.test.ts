import { expect, test } from 'vitest';
import { messageOf } from '../../src/notify/message.ts';

test('of what has been told as unhealthy and is gone it is not said that it is well', () => {
  const about = { id: 'i', at: 0, daemon: { id: 'd', name: 'default', host: 'web1' }, generation: 1, revision: null };
  const textOf = (gone: readonly string[]) => messageOf({ event: 'recovered', names: ['db', 'web'], gone, unhealthy: [] }, about).text;
  expect([[], ['web'], ['db', 'web']].map(textOf)).toEqual([
    'default on web1: healthy again: db, web',
    'default on web1: healthy again: db; not loaded any more: web',
    'default on web1: not loaded any more: db, web',
  ]);
});
