import type { LoadedRecord } from '../model/module.ts';
import type { EngineContext } from './context.ts';

/** What a set of modules needs to be started: compiled code by its digest, packages by where they lie. */
export interface KeptCode {
  readonly digests: readonly string[];
  readonly paths: readonly string[];
}

/**
 * Lets go of compiled code, and of installed packages, that neither what is loaded nor a generation that is kept can need; with
 * `done` paths of packages that were only just installed, too.
 */
export async function retainCode({ ports, codeOf, generation }: EngineContext, done: readonly string[] = []): Promise<void> {
  const { store, instances } = ports;
  const all: KeptCode[] = [codeIn([...instances.snapshot().values()])];
  const kept = await store.generations();
  for (const number of kept) {
    // What was saved just now need not be read back: with a thousand modules that takes as long as making the plan.
    const saved = number === generation?.number ? generation : null;
    const known = codeOf.get(number) ?? codeIn((saved ?? (await store.loadGeneration(number)))?.modules ?? []);
    codeOf.set(number, known);
    all.push(known);
  }
  for (const number of codeOf.keys()) if (!kept.includes(number)) codeOf.delete(number);
  await ports.pruneCode({
    digests: new Set(all.flatMap(({ digests }) => digests)),
    paths: new Set(all.flatMap(({ paths }) => paths)),
    done: new Set(done),
  });
}

/** What nobody needs any more is removed now, and not when it is old. */
export async function tidy(modules: readonly Pick<LoadedRecord, 'path'>[], context: EngineContext): Promise<void> {
  await retainCode(
    context,
    modules.map(({ path }) => path),
  ).catch((error: unknown) => context.ports.log.warn({ err: error }, 'an old package could not be removed'));
}

function codeIn(modules: readonly Pick<LoadedRecord, 'kind' | 'codeDigest' | 'path'>[]): KeptCode {
  return {
    digests: modules.flatMap(({ codeDigest }) => (codeDigest === null ? [] : [codeDigest])),
    paths: modules.flatMap(({ kind, path }) => (kind === 'package' ? [path] : [])),
  };
}
