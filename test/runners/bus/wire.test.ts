import { expect, test } from 'vitest';
import type { Packet } from '../../../src/model/bus.ts';
import { pack, unpack } from '../../../src/runners/inside/bus/wire.ts';
import { fc } from '../../support/properties.ts';

const address = fc.integer({ min: -2, max: 2 });
const id = fc.nat();
const text = fc.constantFrom('greeter', 'greeter.hello', 'a.b', '');
const packetWith = (payload: fc.Arbitrary<unknown>) =>
  fc.oneof(
    fc.tuple(fc.constant('request' as const), address, address, id, text, text, payload, text),
    fc.tuple(fc.constant('answer' as const), address, address, id, payload),
    fc.tuple(fc.constant('answer' as const), address, address, id, payload, fc.constant(true as const)),
    fc.tuple(fc.constant('part' as const), address, address, id, payload),
    fc.tuple(fc.constant('failure' as const), address, address, id, fc.constant({ code: 'EX', message: 'x' })),
    fc.tuple(fc.constant('moved' as const), address, address, id, text, payload),
    fc.tuple(fc.constant('cancel' as const), address, address, id),
    fc.tuple(fc.constant('credit' as const), address, address, id, fc.nat()),
    fc.tuple(fc.constant('disconnect' as const), address, address, text),
  );
const packet = packetWith(fc.anything());
/** As it is read. */
const whole = (one: unknown): unknown => (Array.isArray(one) && one[0] === 'moved' && one[5] === undefined ? one.slice(0, -1) : one);

test('what is unpacked is what was packed', () => {
  fc.assert(
    fc.property(fc.array(packet), (packets) => {
      expect(unpack(pack(packets as Packet[]))).toEqual(packets.map(whole));
    }),
  );
});

test('it can be written as JSON, also where there is no payload', () => {
  const payload = fc.oneof(fc.jsonValue(), fc.constant(undefined));
  fc.assert(
    fc.property(fc.array(packetWith(payload)), (packets) => {
      expect(JSON.stringify(unpack(JSON.parse(JSON.stringify(pack(packets as Packet[])))))).toBe(JSON.stringify(packets.map(whole)));
    }),
  );
});

test('what was never packed is read without a fault', () => {
  fc.assert(
    fc.property(fc.anything(), fc.array(fc.oneof(fc.nat(16), fc.anything())), (one, many) => {
      expect(Array.isArray(unpack(one))).toBe(true);
      expect(Array.isArray(unpack(many))).toBe(true);
    }),
  );
});

test('text that requests of a batch repeat crosses once', () => {
  const packets = Array.from({ length: 3 }, (_, n): Packet => ['request', 1, 2, n, 'greeter', 'greeter.hello', n, 'asker']);
  expect(pack(packets).filter((field) => typeof field === 'string')).toEqual(['greeter', 'greeter.hello', 'asker']);
});

test('who says it to whom crosses once for as long as that stays the same', () => {
  const answers = (to: number) => Array.from({ length: 3 }, (_, n): Packet => ['answer', to, 777, n, 'payload']);
  const flat = pack([...answers(888), ...answers(999)]);
  expect(flat.filter((field) => typeof field === 'number' && field >= 777)).toEqual([888, 777, 999, 777]);
});
