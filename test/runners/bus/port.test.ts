import { expect, test } from 'vitest';
import type { Packet } from '../../../src/model/bus.ts';
import { postTo } from '../../../src/runners/inside/bus/port.ts';
import { unpack } from '../../../src/runners/inside/bus/wire.ts';
import { createMeterBuffer, type Meter, openMeter } from '../../../src/runners/inside/meter.ts';

const buffer = createMeterBuffer();
const meters = (count: number): Meter[] => Array.from({ length: count }, (_, index) => openMeter({ buffer, index }));
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
  postTo(port, packets, [a, a, b, a], () => {});
  expect(went).toEqual([packets]);
});

test('what cannot be cloned is refused alone, and is in no queue', () => {
  const [, , c, d] = meters(4) as [Meter, Meter, Meter, Meter];
  const went: unknown[] = [];
  const refused: Packet[] = [];
  const port = { postMessage: (flat: unknown) => void went.push(...unpack(structuredClone(flat))) };
  const bad = () => {};
  const answer: Packet = ['answer', 1, 9, 5, bad];
  postTo(port, [request(3, bad), answer, request(3, 'x'), request(4, bad)], [c, c, d], (packet) => refused.push(packet));
  expect(went).toEqual([request(3, 'x')]);
  expect(refused).toEqual([request(3, bad), answer, request(4, bad)]);
  expect([queued(c), queued(d)]).toEqual([1, 0]);
});
