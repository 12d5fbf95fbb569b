import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { type FileHandle, open, readFile, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { MusterError } from '../model/error.ts';
import { diskError } from './disk-error.ts';

export interface LockHolder {
  readonly pid: number;
  /** Its config as the next one is told of it, e.g. the paths; may be empty. */
  readonly config: string;
}

export interface Lock {
  /** Gives it up. Idempotent. */
  release(): Promise<void>;
  /** Puts one that was taken `aside` in the place of whatever is there. */
  install(): Promise<void>;
  /** Whether it is in place. */
  isInPlace(): Promise<boolean>;
  /** Whether another one is in its place: somebody removed it, and another daemon began. */
  isReplaced(): Promise<boolean>;
}

export interface LockOptions {
  /** Program that takes a lock on an inherited descriptor. */
  flock?: string;
  /** A lock of its own, beside the one that another daemon has, until it is installed. */
  aside?: boolean;
}

const lockedByOther = 1; // failures of flock itself are 64 and up
const inChild = 3;

/**
 * Takes the lock of a state dir. It belongs to the open file of this process and dies with it, however it dies; the file
 * itself stays. Rejects with `EALREADY` naming the holder.
 */
export async function acquireLock(dir: string, about: LockHolder, { flock = 'flock', aside = false }: LockOptions = {}): Promise<Lock> {
  const place = join(dir, 'lock');
  const path = aside ? `${place}.next` : place;
  // Never truncated while opening: what stands there belongs to the holder. Close-on-exec, so no module ever inherits it.
  const file = await open(path, constants.O_RDWR | constants.O_CREAT, 0o600).catch((error) =>
    Promise.reject(diskError(error, `cannot open ${path}`)),
  );
  try {
    if (!(await lockInherited(file, flock))) throw await heldByOther(path, dir);
    // Another daemon may have put its own in the place of this one between the two steps.
    if (!(await isAt(file, path))) throw await heldByOther(path, dir);
    const text = `${JSON.stringify(about)}\n`;
    await file
      .truncate(0)
      .then(() => file.write(text, 0))
      .catch((error) => Promise.reject(diskError(error, `cannot write ${path}`)));
  } catch (error) {
    await file.close();
    throw error;
  }
  let released: Promise<void> | null = null;
  return {
    release() {
      released ??= file.close();
      return released;
    },
    install: () => rename(path, place),
    isInPlace: () => isAt(file, place),
    isReplaced: async () => released === null && (await stat(place).catch(() => null)) !== null && !(await isAt(file, place)),
  };
}

async function isAt(file: FileHandle, path: string): Promise<boolean> {
  const there = await stat(path).catch(() => null);
  return there !== null && there.ino === (await file.stat()).ino;
}

/** The lock belongs to the open file that both share, so it stays when the child is gone. False if somebody else has it. */
function lockInherited(file: FileHandle, flock: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const child = spawn(flock, ['-n', String(inChild)], { stdio: ['ignore', 'ignore', 'pipe', file.fd] });
    let complaint = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      complaint += text;
    });
    child.on('error', (error: NodeJS.ErrnoException) => reject(cannotRun(error, flock)));
    child.on('close', (code, signal) => {
      if (code === 0) resolve(true);
      else if (code === lockedByOther) resolve(false);
      else reject(new MusterError('EIO', `cannot lock the state dir: ${complaint.trim() || `${flock} ended with ${signal ?? code}`}`));
    });
  });
}

function cannotRun(error: NodeJS.ErrnoException, flock: string): MusterError {
  if (error.code !== 'ENOENT') return new MusterError('EIO', `cannot run ${flock}: ${error.message}`, { cause: error });
  return new MusterError('ENOENT', `the program ${flock} is not there; it is needed to lock the state dir`, {
    cause: error,
    hint: 'Install util-linux (or flock), and see that it is on PATH.',
  });
}

async function heldByOther(path: string, dir: string): Promise<MusterError> {
  const holder = await readHolder(path);
  const who = holder === null ? 'a daemon' : `daemon ${holder.pid}${holder.config === '' ? '' : ` with config ${holder.config}`}`;
  return new MusterError('EALREADY', `${who} already runs in ${dir}`, {
    hint: 'Use it (muster status), stop it (muster down), or start another one under its own name: --daemon NAME',
  });
}

/** Null while the holder has taken the lock and not yet said who it is. */
async function readHolder(path: string): Promise<LockHolder | null> {
  try {
    const { pid, config } = JSON.parse(await readFile(path, 'utf8')) as LockHolder;
    return { pid, config };
  } catch {
    return null;
  }
}
