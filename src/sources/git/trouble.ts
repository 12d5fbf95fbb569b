import type { SourceProblem } from '../../model/source.ts';

/** Why what the repository has cannot be used. Its text goes to users, and has nothing secret in it. */
export class Trouble extends Error {
  readonly code: SourceProblem;
  /** The commit that it is about, if one was found. */
  readonly revision: string | null;

  constructor(code: SourceProblem, message: string, revision: string | null = null) {
    super(message);
    this.name = 'Trouble';
    this.code = code;
    this.revision = revision;
  }
}

/** Git cannot read its own mirror: it is made anew from the repository. */
export class BrokenMirror extends Error {}

/** It took longer than it may. */
export class TimedOut extends Error {}

/** Whoever asked does not want it any more. */
export class Unwanted extends Error {}

/** What the file system said; anything else is a bug and passes. */
export function diskTrouble(error: unknown): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (error instanceof TimedOut) return new Trouble('disk', `${message}; is the disk of the state dir in trouble?`);
  if (error instanceof Trouble || typeof code !== 'string' || !/^E[A-Z0-9]+$/.test(code)) return error;
  const what = code === 'ENOSPC' || code === 'EDQUOT' ? 'there is no room for what was fetched' : 'what was fetched cannot be kept';
  return new Trouble('disk', `${what}: ${message}`);
}
