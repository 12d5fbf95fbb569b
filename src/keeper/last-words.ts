import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { lastWordsFile } from './places.ts';
import { type Found, parseFound } from './protocol.ts';

/** A keeper that has nothing left but ends to tell, and nobody to tell them, writes them down. In the state dir. */
export function leaveWord(ended: readonly Found[]): void {
  try {
    writeFileSync(lastWordsFile, JSON.stringify(ended), { mode: 0o600 });
  } catch {
    // A full disk, or no state dir any more: what ended is started again by the next daemon.
  }
}

/** What a keeper has left; it is told once. */
export function takeLastWords(stateDir: string): readonly Found[] {
  const path = join(stateDir, lastWordsFile);
  try {
    return parseFound(readFileSync(path, 'utf8'));
  } catch {
    return [];
  } finally {
    rmSync(path, { force: true });
  }
}
