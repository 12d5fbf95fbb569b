import { resolve } from 'node:path';
import { MusterError } from '../model/error.ts';
import { daemonNameOf, socketOf, stateDirOf } from '../model/places.ts';
import type { Globals } from './command.ts';
import type { Io } from './io.ts';
import { quoted } from './quoted.ts';

/** Which daemon a call is about. */
export interface Which {
  readonly name: string;
  /** Absolute. */
  readonly stateDir: string;
  readonly socket: string;
}

export function which(globals: Globals, io: Io): Which {
  const name = daemonNameOf(globals, io);
  if (!/^(?!\.)[\w.-]+$/.test(name)) {
    throw new MusterError('EINVAL', `"${name}" is no name of a daemon`, {
      hint: 'letters, digits, _, - and periods; --state-dir takes a path',
    });
  }
  const stateDir = resolve(io.cwd, stateDirOf(globals, io));
  return {
    name,
    stateDir,
    socket: globals.socket === undefined ? socketOf(stateDir) : resolve(io.cwd, globals.socket),
  };
}

/** How a line to paste must name this daemon so that it also works in another terminal, with a space in front. */
export function whichFlags(globals: Globals, io: Io): string {
  if (globals.socket !== undefined) return ` --socket ${quoted(resolve(io.cwd, globals.socket))}`;
  const { name, stateDir } = which(globals, io);
  const plain = { ...io, env: { ...io.env, MUSTER_STATE_DIR: undefined, MUSTER_DAEMON: undefined } };
  if (stateDir === stateDirOf({}, plain)) return '';
  if (stateDir === stateDirOf({ daemon: name }, plain)) return ` --daemon ${quoted(name)}`;
  return ` --state-dir ${quoted(stateDir)}`;
}
