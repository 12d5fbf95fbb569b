import type { CodeSpec } from '../../src/model/fields/table.ts';
import type { OnFailure } from '../../src/model/policy.ts';
import type { Store } from '../../src/store/store.ts';
import { wayOf } from './modules.ts';
import type { World } from './world.ts';

/** Tells the world what is known for good to have finished. What a rollback takes back is done again. */
export function telling(store: Store, daemon: { readonly dead: boolean }, world: World, onFailure: OnFailure): Store {
  const told: Pick<Store, 'append'> = {
    async append(...records) {
      await store.append(...records);
      for (const record of records) {
        if (daemon.dead || onFailure === 'rollback' || record.type !== 'finished' || record.finished === null) continue;
        const spec = store.state.loaded.get(record.name)?.spec;
        if (spec !== undefined && !world.asked.has(record.name)) world.finished.set(record.name, wayOf(spec as CodeSpec));
      }
    },
  };
  return Object.assign(Object.create(store) as Store, told);
}
