import type { Finished, Loaded, LoadedRecord } from '../model/module.ts';
import type { Run } from './run.ts';

interface Present {
  readonly record: LoadedRecord;
  readonly started: boolean;
  readonly standing: Pick<Loaded, 'state' | 'failed'> & { readonly finished: Finished | null };
  readonly run: Run | null;
}

/** A module as the planner sees it: frozen, and the same object until something of it changes. */
export function createLoaded(present: Present): () => Loaded {
  let record: LoadedRecord | null = null;
  let loaded: Loaded | null = null;
  return () => {
    const { state, failed, finished } = present.standing;
    const { started } = present;
    const reconfigurable = present.run?.launched.reconfigurable() ?? false;
    const same =
      record === present.record &&
      loaded?.state === state &&
      loaded.failed === failed &&
      (loaded.finished ?? null) === finished &&
      loaded.started === started &&
      loaded.reconfigurable === reconfigurable;
    if (same) return loaded as Loaded;
    record = present.record;
    loaded = Object.freeze({ ...record, state, failed, reconfigurable, started, ...(finished === null ? {} : { finished }) });
    return loaded;
  };
}
