import type { Launch } from '../model/driver.ts';
import type { Target } from '../model/instances.ts';
import type { LoadedRecord } from '../model/module.ts';

export function recordOf({ desired, origin, generation }: Target): LoadedRecord {
  const { name, kind, spec, specDigest, codeDigest, path, source } = desired;
  return Object.freeze({ name, kind, spec, specDigest, codeDigest, path, source, origin, generation });
}

/** What the driver gets. The name is the present one: it may have been renamed since. */
export function launchOf(name: string, { desired, material }: Target, lease: string): Launch {
  const { kind, spec, path } = desired;
  return { name, lease, kind, spec, path, args: spec.args, ...material };
}
