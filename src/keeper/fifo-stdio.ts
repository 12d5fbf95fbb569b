import { chownSync, closeSync, constants, openSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { MusterError, messageOf } from '../model/error.ts';
import type { Held, SpawnSpec } from '../model/keeper.ts';
import { openInput, type Stdio } from './stdio.ts';

export type Fifos = Held['fifos'];

export function fifoNames({ stdout, stderr, notice }: Fifos): string[] {
  return [stdout, stderr, notice].filter((name) => name !== undefined);
}

/**
 * Named pipes as the output of a program. They are open for reading and writing here and there: so a program can open
 * `/dev/stdout` once more, and a reader that dies is no reason for it to die too. What is written is read by somebody else.
 */
export function openFifos(
  dir: string,
  fifos: Fifos,
  { identity, noticeFd, stdin }: Pick<SpawnSpec, 'identity' | 'noticeFd' | 'stdin'>,
): Stdio {
  const held = holdFifos(dir, fifos, { uid: identity?.uid ?? -1, gid: identity?.gid ?? -1 });
  const input = openInput(stdin);
  const options: (number | 'ignore')[] = [input.option, held.fd('stdout'), held.fd('stderr')];
  while (options.length < (noticeFd ?? 0)) options.push('ignore');
  if (noticeFd !== undefined) options[noticeFd] = held.fd('notice');
  return {
    options,
    attach: input.close,
    async drain() {
      input.close();
      held.close();
    },
  };
}

/** Keeps pipes open, so that their readers see no end while programs come and go. */
export function holdFifos(dir: string, fifos: Fifos, { uid, gid } = { uid: -1, gid: -1 }) {
  const open = new Map<string, number>();
  try {
    for (const name of fifoNames(fifos)) {
      const path = join(dir, name);
      if (uid !== -1 || gid !== -1) chownSync(path, uid, gid);
      open.set(name, openSync(path, constants.O_RDWR));
    }
  } catch (error) {
    close();
    throw new MusterError('EIO', `the pipes for output in ${resolve(dir)} cannot be opened: ${messageOf(error)}`, {
      cause: error,
      hint: /^E[MN]FILE$/.test((error as NodeJS.ErrnoException).code ?? '')
        ? 'See ulimit -n of the daemon; let it be 1024 or more.'
        : 'Is the state dir cleaned up by somebody? Start the module once more: muster restart NAME',
    });
  }
  return {
    fd: (which: keyof Fifos): number => open.get(fifos[which] ?? fifos.stdout) as number,
    close,
  };

  function close(): void {
    for (const fd of open.values()) closeSync(fd);
    open.clear();
  }
}
