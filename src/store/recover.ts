import type { Disk } from '../model/ports.ts';
import { generationNumbers, readGeneration } from './generations.ts';
import { decodeLines } from './line.ts';
import { emptyState, fold, type MutableState, pausedBy } from './records.ts';
import { decodeSnapshot, type Snapshot } from './snapshot.ts';

export const snapshotFile = 'snapshot.json';
export const journalFile = 'journal';

export interface Recovered {
  state: MutableState;
  /** Highest number of a record seen. */
  seq: number;
  /** Records and bytes that stand in the journal. */
  records: number;
  /** True if something was damaged: the caller writes a fresh snapshot and empties the journal. */
  damaged: boolean;
  /** What was found and done, in sentences. */
  notes: string[];
}

/** Reads snapshot and journal, takes all that is whole and keeps copies of the rest aside. Changes neither of the two. */
export async function recover(disk: Disk): Promise<Recovered> {
  const notes: string[] = [];
  const base = await readSnapshot(disk, notes);
  const { records, damaged, tornTail } = decodeLines((await disk.read(journalFile)) ?? new Uint8Array());
  let { seq, state } = base ?? (await lastGeneration(disk, notes));
  let fresh = 0;
  for (const numbered of records) {
    if (numbered.seq <= seq) continue;
    fold(state, numbered.record);
    seq = numbered.seq;
    fresh += 1;
  }
  if (damaged.length > 0) {
    const aside = await setAside(disk, journalFile, Buffer.concat(damaged));
    notes.push(
      tornTail
        ? `the last record of the journal was cut off in the middle; ${fresh} whole records were used, the rest is in ${aside}`
        : `the journal was damaged in ${damaged.length === 1 ? 'one place' : `${damaged.length} places`}; ${fresh} whole records were used, the rest is in ${aside}`,
    );
  }
  return { state, seq, records: records.length, damaged: damaged.length > 0 || base === null, notes };
}

/** Null if it is there and not whole. */
async function readSnapshot(disk: Disk, notes: string[]): Promise<Snapshot | null> {
  const bytes = await disk.read(snapshotFile);
  if (bytes === null) return { seq: 0, state: emptyState() };
  const snapshot = decodeSnapshot(bytes);
  if (snapshot === null) notes.push(`the snapshot was damaged; it is kept as ${await setAside(disk, snapshotFile, bytes)}`);
  return snapshot;
}

/** The best start without a snapshot: what the newest whole generation had. */
async function lastGeneration(disk: Disk, notes: string[]): Promise<Snapshot> {
  const state = emptyState();
  for (const number of (await generationNumbers(disk)).reverse()) {
    const generation = await readGeneration(disk, number);
    if (generation === null || generation === 'damaged') continue;
    for (const record of generation.modules) state.loaded.set(record.name, record);
    state.generation = number;
    state.paused = pausedBy(generation);
    notes.push(`generation ${number} was used in its place; holds and modules loaded by hand before it may be lost`);
    break;
  }
  return { seq: 0, state };
}

/** Copies damaged bytes to `FILE.damaged-N`. The same bytes are kept once, so that a crash in here does no harm. */
async function setAside(disk: Disk, file: string, bytes: Uint8Array): Promise<string> {
  for (let n = 1; ; n += 1) {
    const aside = `${file}.damaged-${n}`;
    const there = await disk.read(aside);
    if (there !== null && !Buffer.from(there).equals(bytes)) continue;
    if (there === null) await disk.replace(aside, bytes);
    return aside;
  }
}
