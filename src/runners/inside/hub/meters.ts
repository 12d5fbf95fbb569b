import type { MeterPlace } from '../../protocol.ts';
import { createMeterBuffer, type Meter, metersPerBuffer, openMeter } from '../meter.ts';

export interface Leased {
  readonly place: MeterPlace;
  readonly meter: Meter;
}

/** Places for the counters of modules; a place goes on to another module once it is given back. */
export interface Meters {
  lease(): Leased;
  release(leased: Leased): void;
}

/** A realm that has not yet heard of the end of a module may still count up its queue: its place is left alone for as many ends. */
const restingPlaces = 256;

export function createMeters(): Meters {
  let free: MeterPlace[] = [];
  const resting: MeterPlace[] = [];

  function grow(): void {
    const buffer = createMeterBuffer();
    free = Array.from({ length: metersPerBuffer }, (_, index) => ({ buffer, index }));
  }

  return {
    lease() {
      if (free.length === 0) grow();
      const place = free.pop() as MeterPlace;
      const meter = openMeter(place);
      meter.reset();
      return { place, meter };
    },
    release({ place }) {
      resting.push(place);
      if (resting.length > restingPlaces) free.push(...resting.splice(0, 1));
    },
  };
}
