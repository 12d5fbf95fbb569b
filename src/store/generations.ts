import type { Disk } from '../model/ports.ts';
import { diskError } from './disk-error.ts';
import type { Generation } from './records.ts';
import { seal, unseal } from './sealed.ts';

const folder = 'generations';
const kept = 20;
const roomFile = 'room';

/** Rejects with the error of the disk if it has no room for so much. Kept until it is freed, so that nobody else takes it. */
export async function takeRoom(disk: Disk, bytes: number): Promise<void> {
  await disk.replace(roomFile, new Uint8Array(bytes));
}

export async function freeRoom(disk: Disk): Promise<void> {
  await disk.remove(roomFile);
}

/** Writes the file of a generation. It counts only once its head is in the journal. */
export async function writeGeneration(disk: Disk, generation: Generation): Promise<void> {
  try {
    await disk.replace(fileOf(generation.number), seal(generation));
  } catch (error) {
    throw diskError(error, `cannot write generation ${generation.number}`);
  }
}

/** The generation as it was written; `damaged` if its file is not whole, null if it is not there. */
export async function readGeneration(disk: Disk, number: number): Promise<Generation | 'damaged' | null> {
  const bytes = await disk.read(fileOf(number));
  if (bytes === null) return null;
  const body = unseal(bytes) as Generation | undefined;
  return body === undefined || body.number !== number ? 'damaged' : body;
}

/** Removes all but the last 20. */
export async function pruneGenerations(disk: Disk): Promise<void> {
  const numbers = await generationNumbers(disk);
  for (const number of numbers.slice(0, -kept)) await disk.remove(fileOf(number));
}

/** Numbers of the generations that have a file, ascending. */
export async function generationNumbers(disk: Disk): Promise<number[]> {
  const names = await disk.list(folder);
  return names
    .map((name) => /^([1-9]\d*)\.json$/.exec(name)?.[1])
    .filter((digits) => digits !== undefined)
    .map(Number)
    .sort((a, b) => a - b);
}

function fileOf(number: number): string {
  return `${folder}/${number}.json`;
}
