import type { Instances } from '../model/instances.ts';
import type { Finished, Loaded, LoadedRecord } from '../model/module.ts';
import type { JournalRecord } from '../store/records.ts';

/** The part of the store that keeps what is loaded. */
export interface LoadedStore {
  readonly state: { readonly loaded: ReadonlyMap<string, LoadedRecord>; readonly finished: ReadonlyMap<string, Finished> };
  append(...records: JournalRecord[]): Promise<void>;
}

/** Brings the journal to what the instances say of these names; writes nothing where it already says so. */
export async function persist(names: readonly string[], instances: Instances, store: LoadedStore): Promise<void> {
  const records = names.flatMap((name): JournalRecord[] => {
    const loaded = instances.get(name);
    const recorded = store.state.loaded.get(name);
    if (loaded === undefined) return recorded === undefined ? [] : [{ type: 'removed', name }];
    const finished = loaded.finished ?? null;
    // Ahead of the record: should only the first line last, what has finished is another than what is loaded, and runs again.
    const done: JournalRecord[] = finished?.at === store.state.finished.get(name)?.at ? [] : [{ type: 'finished', name, finished }];
    return recorded !== undefined && sameRecord(recorded, loaded) ? done : [...done, { type: 'loaded', record: recordOf(loaded) }];
  });
  if (records.length > 0) await store.append(...records);
}

/** What is kept of a loaded module. */
export function recordOf(loaded: Loaded | LoadedRecord): LoadedRecord {
  const { name, kind, spec, specDigest, codeDigest, path, version, source, origin, generation } = loaded;
  return { name, kind, spec, specDigest, codeDigest, path, ...(version === undefined ? {} : { version }), source, origin, generation };
}

/** Equal but for the place in the file, which moves without anything being changed. */
function sameRecord(a: LoadedRecord, b: LoadedRecord): boolean {
  return (
    a.kind === b.kind &&
    a.specDigest === b.specDigest &&
    a.codeDigest === b.codeDigest &&
    a.path === b.path &&
    a.origin === b.origin &&
    a.generation === b.generation
  );
}
