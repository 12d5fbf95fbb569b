import type { Parts } from '../parts.ts';
import type { Heritage } from './heritage.ts';

/** Puts what another daemon had where it belongs; nothing happens with it before `goOn`. */
export async function inherit({ keeper, store, code, bus, engine, instances }: Parts, heritage: Heritage): Promise<void> {
  await keeper.sweep([...store.state.leases.values()], heritage.held);
  await code.takeOver(heritage.code);
  bus.inherit(heritage.bus);
  await engine.inherit(heritage.engine);
  instances.inherit(heritage.instances);
}

/** All of it is this daemon's from now on. */
export function goOn({ keeper, code, bus, clock, notifier }: Parts): void {
  keeper.settled();
  code.resume();
  bus.resume();
  clock.resume();
  notifier.resume();
}
