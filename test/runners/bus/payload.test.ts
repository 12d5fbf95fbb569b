import { describe, expect, test } from 'vitest';
import { nestingLimit, payloadLimit } from '../../../src/model/bus.ts';
import { again, take } from '../../../src/runners/inside/bus/payload.ts';
import { sizeOf } from '../../../src/runners/inside/bus/size.ts';
import { fc } from '../../support/properties.ts';

const code = (fn: () => unknown): string => {
  try {
    fn();
    return 'none';
  } catch (error) {
    return (error as { code: string }).code;
  }
};

describe('a payload that is taken', () => {
  test('equals what structured clone makes of it', () => {
    const anything = fc.anything({
      withDate: true,
      withMap: true,
      withSet: true,
      withTypedArray: true,
      withBigInt: true,
      withNullPrototype: true,
      withSparseArray: true,
    });
    fc.assert(
      fc.property(anything, (value) => {
        const { payload, size } = take(value, 'it');
        expect(payload).toEqual(structuredClone(value));
        expect(size).toBeGreaterThan(0);
        expect(again(payload)).toEqual(payload);
      }),
      { numRuns: 2000 },
    );
  });

  test('may refer to itself, be nested deeply, and be of classes', () => {
    class Point {
      x = 1;
    }
    const loop: Record<string, unknown> = { point: new Point(), error: new TypeError('no') };
    loop.self = loop;
    const { payload } = take(loop, 'it') as { payload: typeof loop };
    expect(payload.self).toBe(payload);
    expect(payload.point).toEqual({ x: 1 });
    expect(payload.error).toBeInstanceOf(TypeError);
    let deep: unknown = 1;
    for (let n = 0; n < 500; n++) deep = [deep];
    expect(take(deep, 'it').payload).toEqual(deep);
  });

  test('is refused where it is nested too deeply for some of those that take it', () => {
    const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)]);
    expect(code(() => take(nested(nestingLimit), 'it'))).toBe('none');
    expect(() => take(nested(nestingLimit + 1), 'it')).toThrow(`it cannot be cloned: it is nested deeper than ${nestingLimit}`);
    const links: { next?: unknown }[] = [];
    for (let n = 0; n <= nestingLimit; n++) links.push({ next: links[n - 1] });
    expect(code(() => take(links.toReversed(), 'it'))).toBe('EINVAL');
  });

  test('has of a part of a store only that part', () => {
    const whole = Buffer.from('secret of another module, and abc');
    const { payload } = take({ part: whole.subarray(-3) }, 'it') as { payload: { part: Uint8Array } };
    expect(payload.part).toEqual(new Uint8Array([97, 98, 99]));
    expect(payload.part.buffer.byteLength).toBe(3);
  });

  test('changes no prototype', () => {
    const { payload } = take(JSON.parse('{"__proto__": {"polluted": 1}, "a": 1}'), 'it') as { payload: Record<string, unknown> };
    expect(Object.getPrototypeOf(payload)).toBe(Object.prototype);
    expect(payload.polluted).toBeUndefined();
    expect(Object.keys(payload)).toEqual(['__proto__', 'a']);
  });

  test('is refused with EINVAL where it cannot be cloned', () => {
    const odd = {
      get x() {
        throw new Error('no');
      },
    };
    const values = [
      () => {},
      { a: { b: () => {} } },
      Symbol('x'),
      [Symbol('x')],
      new Map([[1, () => {}]]),
      odd,
      new Proxy([], {
        get() {
          throw new Error('no');
        },
      }),
      new WeakMap(),
      Promise.resolve(),
    ];
    expect(values.map((value) => code(() => take(value, 'it')))).toEqual(values.map(() => 'EINVAL'));
  });

  test('is refused with E2BIG where it is too large, without walking through all of it', () => {
    const shared = new Uint8Array(payloadLimit / 2);
    const loop: unknown[] = ['x'.repeat(payloadLimit)];
    loop.push(loop);
    const large = [
      'x'.repeat(payloadLimit + 1),
      new Uint8Array(payloadLimit + 1),
      new ArrayBuffer(payloadLimit + 1),
      new Array(payloadLimit),
      [shared, new Uint8Array(shared), 'x'],
      new Map([[1, 'x'.repeat(payloadLimit)]]),
      new Set(Array.from({ length: payloadLimit / 8 }, (_, n) => n)),
      { ['x'.repeat(payloadLimit)]: 1 },
      loop,
    ];
    expect(large.map((value) => code(() => take(value, 'it')))).toEqual(large.map(() => 'E2BIG'));
  });
});

test('the size of what refers to itself is finite, that of text its length', () => {
  const loop: unknown[] = [];
  loop.push(loop, 'abc');
  expect(sizeOf(loop)).toBe(8 + 8 + 8 + 3);
  expect(sizeOf('abc')).toBe(11);
  expect(sizeOf({ a: 1 })).toBe(8 + 9 + 8);
  expect(sizeOf(Buffer.alloc(100_000))).toBeGreaterThanOrEqual(100_000);
});
