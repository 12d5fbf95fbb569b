import { expect, test } from 'vitest';
import type { Packet } from '../../../src/model/bus.ts';
import { postTo } from '../../../src/runners/inside/bus/port.ts';
import { unpack } from '../../../src/runners/inside/bus/wire.ts';
import { createMeterBuffer, type Meter, openMeter } from '../../../src/runners/inside/meter.ts';
import { createTallyBuffer, openTally } from '../../../src/runners/inside/tally.ts';

const buffer = createMeterBuffer();
const meters = (count: number): Meter[] => Array.from({ length: count }, (_, index) => openMeter({ buffer, index }));
const tally = () => openTally(createTallyBuffer());
const queued = (meter: Meter | undefined): number | undefined => meter?.read().queued;
const request = (to: number, payload: unknown): Packet => ['request', to, 9, 4, 's', 's.m', payload, 'asker'];

test('requests are in the queues of those they are for when they go, and not before', () => {
  const [a, b] = meters(2) as [Meter, Meter];
  const went: unknown[] = [];
  const port = {
    postMessage(flat: unknown) {
      went.push(unpack(flat));
      expect([queued(a), queued(b)]).toEqual([3, 1]);
    },
  };
  const packets = [request(1, 'x'), request(1, 'y'), ['cancel', 1, 9, 4] as const, request(2, 'z'), request(1, 'x')];
  const counted = tally();
  postTo({ port, tally: counted, refuse() {} }, packets, [a, a, b, a]);
  expect(went).toEqual([packets]);
  expect(counted.beyond(0)).toEqual([1, 1, 2, 1]);
  expect(counted.beyond(3)).toEqual([1]);
  expect(counted.beyond(4)).toEqual([]);
});

test('what cannot be cloned is refused alone, and is in no queue', () => {
  const [, , c, d] = meters(4) as [Meter, Meter, Meter, Meter];
  const went: unknown[] = [];
  const refused: Packet[] = [];
  const port = { postMessage: (flat: unknown) => void went.push(...unpack(structuredClone(flat))) };
  const bad = () => {};
  const answer: Packet = ['answer', 1, 9, 5, bad];
  const counted = tally();
  const side = { port, tally: counted, refuse: (packet: Packet) => void refused.push(packet) };
  postTo(side, [request(3, bad), answer, request(3, 'x'), request(4, bad)], [c, c, d]);
  expect(went).toEqual([request(3, 'x')]);
  expect(refused).toEqual([request(3, bad), answer, request(4, bad)]);
  expect([queued(c), queued(d)]).toEqual([1, 0]);
  expect(counted.beyond(0)).toEqual([3]);
});

test('of many that went the last ones are known, which may be lost', () => {
  const counted = tally();
  for (let to = 1; to <= 1000; to++) counted.add(to, undefined);
  expect(counted.beyond(997)).toEqual([998, 999, 1000]);
  expect(counted.beyond(0)).toHaveLength(16);
});
