import { canonicalJson } from '../model/canonical.ts';
import type { LastExit } from '../model/documents.ts';
import type { Launch } from '../model/driver.ts';
import { fieldOf, type Spec } from '../model/fields/table.ts';
import type { Target } from '../model/instances.ts';
import type { Desired, LoadedRecord } from '../model/module.ts';
import type { InspectRequest } from './inspect.ts';
import type { RunEnd } from './run.ts';

export function recordOf({ desired, origin, generation }: Target): LoadedRecord {
  const { name, kind, spec, specDigest, codeDigest, path, version, source } = desired;
  const known = version === undefined ? {} : { version };
  return Object.freeze({ name, kind, spec, specDigest, codeDigest, path, ...known, source, origin, generation });
}

/** What the driver gets. The name is the present one: it may have been renamed since. */
export function launchOf(name: string, { desired, material }: Target, lease: string, restored: Uint8Array | null, again = false): Launch {
  const { kind, spec, path, codeDigest } = desired;
  return { name, lease, kind, spec, path, codeDigest, args: spec.args, ...material, restored, ...(again ? { again } : {}) };
}

/** How its file is found: with the folder and the PATH that the module itself gets. */
export function fileOf(path: string, spec: Spec, target: Target | null): InspectRequest {
  return { path, cwd: 'cwd' in spec ? spec.cwd : null, searchPath: target?.material.env.PATH ?? null };
}

/** The same target under another name. */
export function renamed(target: Target, name: string): Target {
  return { ...target, desired: { ...target.desired, name } };
}

/** Whether what runs as `a` also runs as `b`: nothing differs that a running module does not take over live. */
export function sameRun(a: Desired, b: Desired): boolean {
  if (a.kind !== b.kind || a.path !== b.path || a.codeDigest !== b.codeDigest) return false;
  const fields = new Set([...Object.keys(a.spec), ...Object.keys(b.spec)]);
  return [...fields].every((name) => {
    const row = fieldOf(a.kind, name);
    const part = (spec: Spec): unknown => (row?.change === 'live' ? row.fixed?.(field(spec, name) as never) : field(spec, name));
    return row?.change === 'ignored' || canonicalJson(part(a.spec)) === canonicalJson(part(b.spec));
  });
}

function field(spec: Spec, name: string): unknown {
  return (spec as Record<string, unknown>)[name];
}

export function lastExitOf({ ended, startError }: RunEnd, now: number): LastExit {
  const { code, signal, reason, error } = ended;
  return { at: new Date(now).toISOString(), code, signal, reason, error: startError?.message ?? error?.message ?? null };
}
