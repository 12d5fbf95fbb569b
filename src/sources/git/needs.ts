import type { GitSpec } from '../../model/source.ts';
import type { Program } from './program.ts';
import { Trouble } from './trouble.ts';

export type GitVersion = readonly [major: number, minor: number];

interface Need {
  readonly version: GitVersion;
  readonly what: string;
}

/** Which git is here; throws where it is too old for what is asked of it. */
export async function checkGit(run: Program, { credentials }: Pick<GitSpec, 'credentials'>): Promise<GitVersion> {
  const { stdout } = await run({ argv: ['git', '--version'] });
  const [, major, minor] = /(\d+)\.(\d+)/.exec(stdout.toString()) ?? [];
  const version = [Number(major ?? 0), Number(minor ?? 0)] as const;
  requireGit(version, { version: [2, 25], what: 'a source' });
  if (credentials?.token !== undefined) requireGit(version, { version: [2, 31], what: 'source.git.credentials.token' });
  return version;
}

export function requireGit(version: GitVersion, { version: needed, what }: Need): void {
  if (isAtLeast(version, needed)) return;
  throw new Trouble('noGit', `git is ${version.join('.')} here; ${what} needs ${needed.join('.')} or newer`);
}

export function isAtLeast([major, minor]: GitVersion, [neededMajor, neededMinor]: GitVersion): boolean {
  return major > neededMajor || (major === neededMajor && minor >= neededMinor);
}
