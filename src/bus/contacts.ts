import type { Address } from '../model/bus.ts';
import type { Directory } from './directory.ts';
import type { Link } from './link.ts';
import type { Instance } from './module.ts';

/** Whoever asks: an instance, a client, the daemon. */
interface AsksOthers {
  readonly address: Address;
  readonly asked: Set<Address>;
}

/** Remembered until one of the two is gone: then the other hears of it. */
export function asks(asker: AsksOthers, callee: Instance): void {
  asker.asked.add(callee.address);
  callee.askers.add(asker.address);
}

/** The asker is gone: whom it asked hears so. */
export function leaves(asker: AsksOthers, sender: string, directory: Directory): void {
  for (const address of asker.asked) {
    const callee = directory.instance(address);
    if (callee === undefined) continue;
    callee.askers.delete(asker.address);
    callee.link.packet(['disconnect', address, asker.address, sender]);
  }
  asker.asked.clear();
}

/** The instance is gone: runners that know it fail what waits for its answer. */
export function passesAway({ address, name, askers, knownTo }: Instance, directory: Directory): void {
  for (const asker of askers) directory.instance(asker)?.asked.delete(address);
  for (const link of knownTo) link.send({ type: 'gone', address, name });
  askers.clear();
  knownTo.clear();
}

/** From now on the runner is told when the instance is gone. */
export function learns(link: Link, instance: Instance): void {
  instance.knownTo.add(link);
}
