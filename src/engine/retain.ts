import type { EngineContext } from './context.ts';

/** As many generations as the store keeps can be gone back to. */
const kept = 20;

/** Lets go of compiled code that neither what is loaded nor a generation that is kept can need. */
export async function retainCode({ ports, codeOf, generation }: EngineContext): Promise<void> {
  const { store, instances } = ports;
  const last = store.state.generation;
  const wanted = new Set<string>();
  for (let number = last; number > Math.max(0, last - kept); number -= 1) {
    // What was saved just now need not be read back: with a thousand modules that takes as long as making the plan.
    const saved = number === generation?.number ? generation : null;
    const known = codeOf.get(number) ?? digests((saved ?? (await store.loadGeneration(number)))?.modules ?? []);
    codeOf.set(number, known);
    for (const digest of known) wanted.add(digest);
  }
  codeOf.delete(last - kept);
  for (const digest of digests([...instances.snapshot().values()])) wanted.add(digest);
  await ports.pruneCode(wanted);
}

function digests(modules: readonly { codeDigest: string | null }[]): string[] {
  return modules.flatMap(({ codeDigest }) => (codeDigest === null ? [] : [codeDigest]));
}
