import type { Identity } from './keeper.ts';
import type { ProgramProblem } from './program.ts';

/** Of a folder, links followed; undefined: it cannot be seen. */
export type FolderLook = (path: string) => { readonly uid: number; readonly mode: number } | undefined;

/**
 * What keeps a user from a program by its path: a folder on the way that its owner alone may enter. Null: none is known. Where
 * a group or others may enter, the system decides. A relative path begins in `cwd`, which is entered for the program.
 */
export function closedTo(identity: Pick<Identity, 'uid'> | null, program: string, cwd: string, look: FolderLook): ProgramProblem | null {
  const uid = identity?.uid ?? 0;
  if (uid === 0 || !program.includes('/')) return null;
  const start = program.startsWith('/') ? '' : cwd;
  const parts = program.split('/').filter((part) => part !== '' && part !== '.');
  const folders = parts.map((_, at) => [start, ...parts.slice(0, at)].join('/') || '/');
  const closed = folders.find((folder) => {
    const found = look(folder);
    return found !== undefined && found.uid !== uid && (found.mode & 0o011) === 0;
  });
  if (closed === undefined) return null;
  return {
    code: 'EACCES',
    message: `${program} lies in ${closed}, which only its owner may enter, and it is to run as uid ${uid}`,
    hint: 'Install it where that user may go and name its whole path. What lies in the state dir, as the files of a repository, is for the user of the daemon alone.',
  };
}
