import { readFile } from 'node:fs/promises';
import type { SourceDoc } from '../../model/source.ts';
import { replaceFile } from './replace.ts';

/** A commit that was used, and as what it was found. */
export interface Used {
  readonly revision: string;
  readonly subject: string | null;
  readonly author: string | null;
  readonly signer: string | null;
  /** ISO 8601 */
  readonly since: string;
  /** Url and ref of the host's own file then. */
  readonly asked: string;
}

/** What a source remembers over the end of its daemon. Which revision is used is not here but said by the link. */
export interface SourceRecord {
  readonly fetchedAt: string | null;
  /** The newest last, each revision once. */
  readonly used: readonly Used[];
  readonly problem: SourceDoc['problem'];
}

export const emptyRecord: SourceRecord = { fetchedAt: null, used: [], problem: null };

export async function readRecord(path: string): Promise<SourceRecord> {
  try {
    const found = JSON.parse(await readFile(path, 'utf8')) as SourceRecord;
    return { ...emptyRecord, ...found, used: found.used.filter(({ revision }) => /^[0-9a-f]{40}$/.test(revision)) };
  } catch {
    // What it says can be done without: the next look tells it anew.
    return emptyRecord;
  }
}

export function writeRecord(path: string, record: SourceRecord, id: string): Promise<void> {
  return replaceFile(path, `${JSON.stringify(record, null, 1)}\n`, id);
}

export function withUsed(record: SourceRecord, used: Used, most: number): SourceRecord {
  const others = record.used.filter(({ revision }) => revision !== used.revision);
  return { ...record, used: [...others, used].slice(-most) };
}
