import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createLogs } from '../../../src/keeper/logs/logs.ts';
import { createFakeClock } from '../../support/fake-clock.ts';
import { silent, tempDir } from '../support/keeper.ts';

/** Logs in a folder of their own, with a clock that stands until it is told to go on. */
export async function logs(settings = { maxSize: 10_000, keep: 3 }) {
  const dir = join(await tempDir(), 'log');
  const clock = createFakeClock();
  const it = createLogs({ dir, clock, log: silent });
  return { dir, clock, logs: it, writer: it.open('web', settings) };
}

export async function sizes(dir: string): Promise<Record<string, number>> {
  const names = (await readdir(dir)).sort();
  return Object.fromEntries(await Promise.all(names.map(async (name) => [name, (await stat(join(dir, name))).size] as const)));
}

export const bytes = (text: string) => Buffer.from(text);
