import { canonicalJson } from '../../model/canonical.ts';
import { oneByOne } from '../../model/one-by-one.ts';
import type { GitSpec, Source } from '../../model/source.ts';

/** The one source that the host's own file names; another one takes its place, or none. */
export interface HeldSource {
  readonly now: Source | null;
  readonly spec: GitSpec | null;
  /** Opens what is named, if it is not what is held already; without any network. */
  follow(spec: GitSpec | null): Promise<Source | null>;
  close(): Promise<void>;
}

export function createHeldSource(open: (spec: GitSpec) => Promise<Source>): HeldSource {
  let held: { readonly key: string; readonly spec: GitSpec; readonly source: Source } | null = null;
  const turn = oneByOne();
  const letGo = async (): Promise<void> => {
    const before = held;
    held = null;
    await before?.source.close();
  };

  return {
    get now() {
      return held?.source ?? null;
    },
    get spec() {
      return held?.spec ?? null;
    },
    follow: (spec) =>
      turn(async () => {
        const key = spec === null ? '' : keyOf(spec);
        if (held !== null && held.key === key) return held.source;
        await letGo();
        if (spec !== null) held = { key, spec, source: await open(spec) };
        return held?.source ?? null;
      }),
    close: () => turn(letGo),
  };
}

/** How often, and who, asks it to look is no matter of the source. */
function keyOf(spec: GitSpec): string {
  return canonicalJson({ ...spec, interval: 0, webhook: null });
}
