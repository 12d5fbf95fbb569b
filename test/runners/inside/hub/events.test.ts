import { expect, test } from 'vitest';
import { type EventPacket, eventWindow } from '../../../../src/model/bus.ts';
import { createEvents } from '../../../../src/runners/inside/hub/events.ts';
import { createTables } from './realms.ts';

const event = (topic: string, from = 1): EventPacket => [from, topic, null, 'm'];

test('an event goes once to each realm that wants it, its own too, and to the daemon only where somebody elsewhere does', () => {
  const tables = createTables();
  const [a, b, c] = [tables.realm(), tables.realm(), tables.realm()];
  const events = createEvents(tables);
  events.subscribed(a, ['x.*', 'x.y']);
  events.subscribed(b, ['?.z']);
  events.published(a, [event('x.y'), event('x.z'), event('q.q')]);
  expect(a.got).toEqual([{ type: 'events', events: [event('x.y'), event('x.z')] }]);
  expect(b.got).toEqual([{ type: 'events', events: [event('x.z')] }]);
  expect(c.got).toEqual([]);
  expect(tables.said).toEqual([
    { type: 'subscribed', globs: ['x.*', 'x.y'] },
    { type: 'subscribed', globs: ['?.z', 'x.*', 'x.y'] },
  ]);
  events.interest({ type: 'interest', globs: ['q.*'] });
  events.published(b, [event('q.q')]);
  expect(tables.said.at(-1)).toEqual({ type: 'events', events: [event('q.q')] });
  events.fromDaemon([event('q.q'), event('x.z', 9)]);
  expect(a.got.at(-1)).toEqual({ type: 'events', events: [event('x.z', 9)] });
  expect(tables.said).toHaveLength(3);
});

test('what is subscribed changes at once, also for topics that are known already', () => {
  const tables = createTables();
  const [a, b] = [tables.realm(), tables.realm()];
  const events = createEvents(tables);
  events.published(a, [event('x.y')]);
  events.subscribed(b, ['x.y']);
  events.published(a, [event('x.y')]);
  events.subscribed(b, []);
  events.published(a, [event('x.y')]);
  expect(b.got).toHaveLength(1);
  events.subscribed(b, ['x.y']);
  events.exited(b);
  events.published(a, [event('x.y')]);
  expect(b.got).toHaveLength(1);
  expect(tables.said.at(-1)).toEqual({ type: 'subscribed', globs: [] });
});

test('a realm that takes no events gets no more than the window, what is beyond is counted for its modules', () => {
  const tables = createTables();
  const [flood, hung] = [tables.realm(), tables.realm()];
  const slow = tables.resident(hung, 7);
  const events = createEvents(tables);
  events.subscribed(hung, ['*']);
  for (let n = 0; n < 3; n += 1)
    events.published(
      flood,
      Array.from({ length: eventWindow / 2 }, () => event('a.b')),
    );
  expect(hung.got.flatMap((message) => (message.type === 'events' ? message.events : []))).toHaveLength(eventWindow);
  expect(slow.metered.meter.read().dropped).toBe(eventWindow / 2);
  expect(flood.credits.published.read()).toBe(1.5 * eventWindow);
  hung.credits.delivered.add(10);
  events.published(
    flood,
    Array.from({ length: 11 }, () => event('a.b')),
  );
  expect(slow.metered.meter.read().dropped).toBe(eventWindow / 2 + 1);
});
