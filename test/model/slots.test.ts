import { expect, test } from 'vitest';
import { Slots } from '../../src/model/slots.ts';
import { fc } from '../support/properties.ts';

test('what is under its number is what was put there, until it is taken out', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.constant('add' as const), fc.nat(20))), (steps) => {
      const slots = new Slots<object>();
      const there = new Map<number, object>();
      const given: number[] = [];
      for (const step of steps) {
        if (step === 'add') {
          const item = {};
          const id = slots.add(item);
          expect(given).not.toContain(id);
          given.push(id);
          there.set(id, item);
        } else if (given.length > 0) {
          const id = given[step % given.length] as number;
          slots.delete(id);
          there.delete(id);
        }
        for (const id of given) expect(slots.get(id)).toBe(there.get(id));
        expect(slots.size).toBe(there.size);
        expect(new Set(slots.all())).toEqual(new Set(there.values()));
      }
    }),
  );
});

test('what is no number of it stands for nothing', () => {
  const slots = new Slots<object>();
  slots.add({});
  for (const id of [0, -1, 0.5, Number.NaN, Number.MAX_SAFE_INTEGER, Number.POSITIVE_INFINITY]) {
    expect(slots.get(id)).toBeUndefined();
    slots.delete(id);
  }
  expect(slots.size).toBe(1);
});
