import type { Disk } from '../model/ports.ts';
import { diskError } from './disk-error.ts';
import { type Generation, mostGenerations } from './records.ts';
import { seal, unseal } from './sealed.ts';

const folder = 'generations';
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
    // A mark from before the journal was lost would be of another one.
    await disk.remove(markOf(generation.number));
    await disk.replace(fileOf(generation.number), seal(generation));
  } catch (error) {
    throw diskError(error, `cannot write generation ${generation.number}`);
  }
}

/** Says for good, once, that all of a generation was healthy. In a file of its own: the journal has what changes, and nothing has. */
export async function markHealthy(disk: Disk, number: number, at: string): Promise<void> {
  if ((await healthyAt(disk, number)) !== null) return;
  await disk.replace(markOf(number), seal({ at }));
}

/** When all of it was first seen to be healthy; null: never. */
export async function healthyAt(disk: Disk, number: number): Promise<string | null> {
  const bytes = await disk.read(markOf(number));
  if (bytes === null) return null;
  return (unseal(bytes) as { at: string } | undefined)?.at ?? null;
}

/** The generation as it was written; `damaged` if its file is not whole, null if it is not there. */
export async function readGeneration(disk: Disk, number: number): Promise<Generation | 'damaged' | null> {
  const bytes = await disk.read(fileOf(number));
  if (bytes === null) return null;
  const body = unseal(bytes) as Generation | undefined;
  return body === undefined || body.number !== number ? 'damaged' : body;
}

/** Removes all but the last 20, and the last one that was healthy. */
export async function pruneGenerations(disk: Disk): Promise<void> {
  const names = await disk.list(folder);
  const numbers = numbersOf(names, 'json');
  const marked = numbersOf(names, 'healthy');
  const lastHealthy = numbers.findLast((number) => marked.includes(number));
  for (const number of numbers.slice(0, -mostGenerations)) {
    if (number === lastHealthy) continue;
    await disk.remove(fileOf(number));
    await disk.remove(markOf(number));
  }
}

/** Numbers of the generations that have a file, ascending. */
export async function generationNumbers(disk: Disk): Promise<number[]> {
  return numbersOf(await disk.list(folder), 'json');
}

function numbersOf(names: readonly string[], ending: string): number[] {
  return names
    .filter((name) => name.endsWith(`.${ending}`))
    .map((name) => name.slice(0, -ending.length - 1))
    .filter((digits) => /^[1-9]\d*$/.test(digits))
    .map(Number)
    .sort((a, b) => a - b);
}

function fileOf(number: number): string {
  return `${folder}/${number}.json`;
}

function markOf(number: number): string {
  return `${folder}/${number}.healthy`;
}
