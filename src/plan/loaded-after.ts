import type { Desired, Loaded } from '../model/module.ts';
import type { Plan } from '../model/plan.ts';

/** What would be loaded once a plan against nothing is applied: all of it running, and able to take a new config. */
export function loadedAfter({ changes }: Plan, desired: ReadonlyMap<string, Desired>): Map<string, Loaded> {
  const loaded = new Map<string, Loaded>();
  for (const { name, action } of changes) {
    const wanted = desired.get(name);
    if (wanted === undefined || action !== 'load') continue;
    const { kind, spec, specDigest, codeDigest, path, version, source } = wanted;
    loaded.set(name, {
      ...{ name, kind, spec, specDigest, codeDigest, path, source },
      ...(version === undefined ? {} : { version }),
      origin: 'config',
      generation: 1,
      state: 'R',
      failed: false,
      reconfigurable: true,
      started: true,
    });
  }
  return loaded;
}
