import { MusterError } from '../../../model/error.ts';

/** Something that the system has only so much of, and that every thread takes some of. */
export interface Resource {
  /** As people know it: `vm.max_map_count`. */
  readonly name: string;
  readonly limit: number;
  readonly used: number;
  /** What one more thread takes of it, rather too much than too little. */
  readonly perThread: number;
  /** What to raise. */
  readonly remedy: string;
  /** In words, where the bare number says nothing. */
  readonly show?: (amount: number) => string;
}

/** Refuses a thread before the system does: it would end the whole runner, not say no. */
export interface Budget {
  /** Throws a MusterError that names what is short. `threads` are those that there are. */
  admit(threads: number): void;
}

export interface BudgetOptions {
  read(): readonly Resource[];
  now(): number;
}

/** Reading costs some milliseconds where there are many threads. */
const readAgainMs = 1000;
/** Left for what modules themselves come to need. */
const keptFree = 0.05;

export function createBudget({ read, now }: BudgetOptions): Budget {
  const first = new Map<string, number>();
  let resources: readonly Resource[] = [];
  let readAt = Number.NEGATIVE_INFINITY;
  let threadsThen = 0;

  function look(threads: number): void {
    resources = read();
    readAt = now();
    threadsThen = threads;
    for (const { name, used, perThread } of resources) if (!first.has(name)) first.set(name, Math.max(0, used - threads * perThread));
  }

  return {
    admit(threads) {
      if (now() - readAt >= readAgainMs) look(threads);
      for (const resource of resources) {
        const { name, limit, used, perThread } = resource;
        // Threads that have only just been started have taken next to nothing yet.
        const before = Math.max(used, (first.get(name) ?? 0) + threadsThen * perThread);
        const then = before + (threads + 1 - threadsThen) * perThread;
        if (then > limit * (1 - keptFree)) throw refusal(resource, threads);
      }
    },
  };
}

function refusal({ name, limit, used, perThread, remedy, show = String }: Resource, threads: number): MusterError {
  const text = `there is no room for another thread beside the ${threads} of this runner: ${name} is ${show(limit)}, of which ${show(used)} are in use, and a thread takes about ${show(perThread)}`;
  return new MusterError('ENOSPC', text, { hint: `give modules \`isolation: shared\`, or ${remedy}` });
}
