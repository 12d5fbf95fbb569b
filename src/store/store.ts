import type { MusterError } from '../model/error.ts';
import type { GenerationHead, KeptHead } from '../model/generation.ts';
import type { Disk, Log, Random } from '../model/ports.ts';
import { diskError } from './disk-error.ts';
import {
  freeRoom,
  generationNumbers,
  healthyAt,
  markHealthy,
  pruneGenerations,
  readGeneration,
  takeRoom,
  writeGeneration,
} from './generations.ts';
import { openJournal } from './journal.ts';
import type { Generation, JournalRecord, StoreState } from './records.ts';
import { recover } from './recover.ts';

export interface Store {
  /** What is written, in the order it was written. A record shows here once its `append` has resolved, never before. */
  readonly state: StoreState;
  /** What recovery found when the store was opened, in sentences for people; empty if all was well. */
  readonly notes: readonly string[];
  /** Why the last write failed (a full disk), for `status`; null as soon as one works again. */
  readonly failure: MusterError | null;
  /**
   * Intents. Resolves once they are durable; concurrent calls share one sync and keep their order. Rejects with `ENOSPC`,
   * `EACCES` or `EIO` and then they are not recorded; a later call may work again.
   */
  append(...records: JournalRecord[]): Promise<void>;
  /** Facts. Written at once but durable only with the next append; they outlive `kill -9`, not a power cut. Never fails. */
  appendLater(...records: JournalRecord[]): void;
  /** Writes facts that there was no room for, which would else wait for the next append. To be called often. */
  retryLost(): void;
  /**
   * Takes room on the disk for a change whose records and generation are not longer than this; rejects with `ENOSPC` if
   * there is none. Before anything is touched: afterwards there must be room to say what was done.
   */
  takeRoom(bytes: number): Promise<void>;
  /** Gives back what the change did not need. */
  freeRoom(): Promise<void>;
  /** Where there was no room the last time: whether there is now, for `failure`. */
  lookForRoom(): Promise<void>;
  /** Writes the file of the generation, then its head to the journal. Keeps the last 20, and the last one that was healthy. */
  saveGeneration(generation: Generation): Promise<void>;
  /** That all of a generation was healthy. Rejects where the disk takes nothing. */
  markHealthy(number: number, at: string): Promise<void>;
  /** Numbers of the generations that are kept, ascending. */
  generations(): Promise<number[]>;
  /** What these are known by, in the same order; without those whose file is damaged and whose head the journal has not. */
  heads(): Promise<KeptHead[]>;
  /** `last`: the one in force, or if its file is damaged the newest whole one before it. A number: exactly that one, or null. */
  loadGeneration(number: number | 'last'): Promise<Generation | null>;
  /** Makes everything durable. Idempotent. */
  close(): Promise<void>;
}

/** Opens the journal of a state dir. The caller holds the lock of that dir. */
export async function openStore({ disk, random, log }: { disk: Disk; random: Random; log: Log }): Promise<Store> {
  const recovered = await recover(disk).catch((error) => Promise.reject(diskError(error, 'cannot read the state dir')));
  for (const note of recovered.notes) log.warn({}, note);
  const journal = await openJournal({ disk, log, recovered });
  try {
    if (journal.state.daemonId === '') await journal.append([{ type: 'daemon', daemonId: random.id() }]);
  } catch (error) {
    await journal.close();
    throw error;
  }

  let roomFailure: MusterError | null = null;
  let asked = 0;
  const old = new Map<number, GenerationHead>();
  const giveBack = (): Promise<void> =>
    freeRoom(disk).catch((error) => log.warn({ err: error }, 'the room that was taken could not be given back'));

  return {
    state: journal.state,
    notes: recovered.notes,
    get failure() {
      return journal.failure ?? roomFailure;
    },
    append: (...records) => journal.append(records),
    appendLater: (...records) => journal.appendLater(records),
    retryLost: () => journal.retryLost(),
    async takeRoom(bytes) {
      roomFailure = await takeRoom(disk, bytes).then(
        () => null,
        (error) => diskError(error, 'no room to record a change'),
      );
      asked = bytes;
      if (roomFailure !== null) throw roomFailure;
    },
    freeRoom: giveBack,
    async lookForRoom() {
      if (roomFailure === null) return;
      roomFailure = await takeRoom(disk, asked).then(
        () => null,
        () => roomFailure,
      );
      await giveBack();
    },
    async saveGeneration(generation) {
      await freeRoom(disk);
      await writeGeneration(disk, generation);
      await journal.append([{ type: 'generation', generation: headOf(generation) }]);
      await pruneGenerations(disk).catch((error) => log.warn({ err: error }, 'old generations could not be removed'));
    },
    markHealthy: (number, at) => markHealthy(disk, number, at),
    generations: () => keptNumbers(disk, journal.state),
    async heads() {
      const found: KeptHead[] = [];
      for (const number of await keptNumbers(disk, journal.state)) {
        const head = journal.state.heads.get(number) ?? old.get(number) ?? (await headInFile(disk, number));
        if (head === null) continue;
        // One that the journal has not is read once: with a thousand modules its file is large.
        if (!journal.state.heads.has(number)) old.set(number, head);
        found.push({ ...head, healthyAt: await healthyAt(disk, number) });
      }
      return found;
    },
    loadGeneration: (number) => loadGeneration(disk, log, journal.state, number),
    close: () => journal.close(),
  };
}

function headOf({ modules, policy, alternatives, result, ...head }: Generation): GenerationHead {
  return head;
}

/** A file beyond the one in force is of a crash before it counted. */
async function keptNumbers(disk: Disk, { generation }: StoreState): Promise<number[]> {
  return (await generationNumbers(disk)).filter((number) => number <= generation);
}

async function headInFile(disk: Disk, number: number): Promise<GenerationHead | null> {
  const generation = await readGeneration(disk, number);
  return generation === null || generation === 'damaged' ? null : headOf(generation);
}

async function loadGeneration(disk: Disk, log: Log, state: StoreState, which: number | 'last'): Promise<Generation | null> {
  const numbers = which === 'last' ? (await keptNumbers(disk, state)).reverse() : [which];
  for (const number of numbers) {
    const generation = await readGeneration(disk, number);
    if (generation === 'damaged') log.warn({ generation: number }, 'the file of a generation is damaged and was passed over');
    else if (generation !== null) return generation;
  }
  return null;
}
