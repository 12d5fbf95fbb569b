import { expect, test } from 'vitest';
import { createMeters } from '../../../../src/runners/inside/hub/meters.ts';
import { openMeter } from '../../../../src/runners/inside/meter.ts';

test('each module has counters of its own, which another thread writes at the same place', () => {
  const meters = createMeters();
  const all = Array.from({ length: 200 }, () => meters.lease());
  all.forEach(({ place }, index) => {
    const elsewhere = openMeter(place);
    for (let n = 0; n < index; n += 1) elsewhere.sent('request');
    elsewhere.queue(1);
  });
  expect(all.map(({ meter }) => meter.read().tx.request)).toEqual(all.map((_, index) => index));
  all[7]?.meter.withheld(3);
  openMeter(all[7]?.place ?? { buffer: new SharedArrayBuffer(0), index: 0 }).dropped();
  expect(all[7]?.meter.read()).toMatchObject({ dropped: 4, queued: 1 });
  all[7]?.meter.clear();
  expect(all[7]?.meter.read()).toMatchObject({ dropped: 0, queued: 1, tx: { request: 0 } });
});

test('a place that was given back is used again, but not at once, and begins at zero', () => {
  const meters = createMeters();
  const first = meters.lease();
  first.meter.queue(1);
  meters.release(first);
  const next = Array.from({ length: 300 }, () => {
    const leased = meters.lease();
    meters.release(leased);
    return leased;
  });
  const again = next.findIndex(({ place }) => place === first.place);
  expect(again).toBeGreaterThan(200);
  expect(next[again]?.meter.read().queued).toBe(0);
  expect(new Set(next.map(({ place }) => place.buffer)).size).toBeLessThanOrEqual(6);
});
