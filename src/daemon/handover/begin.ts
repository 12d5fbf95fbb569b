import { rm } from 'node:fs/promises';
import { handoverSocketOf } from '../../model/places.ts';
import type { UpOptions } from '../../model/up.ts';
import { acquireLock, type Lock, type LockHolder } from '../../store/lock.ts';
import { checkConfig } from './check.ts';
import { type Succession, takeOver } from './take-over.ts';

/** The lock of the state dir, and, with `replace`, what another daemon runs there: its lock is beside that of the other one until then. */
export async function begin(
  { stateDir, env, replace }: UpOptions,
  files: readonly string[],
  about: LockHolder,
): Promise<{ lock: Lock; succession: Succession | null }> {
  if (replace !== true) return alone();
  await checkConfig(files, env);
  const lock = await acquireLock(stateDir, about, { aside: true });
  try {
    const succession = await takeOver(stateDir);
    if (succession !== null) return { lock, succession };
    await lock.release();
    return await alone();
  } catch (error) {
    await lock.release();
    if ((error as { code?: unknown }).code !== 'EHOSTUNREACH') throw error;
    // It died while it handed over: somebody has to start what it ran.
    return await alone(await whenFree(stateDir, about).catch(() => Promise.reject(error)));
  }

  async function alone(taken?: Lock) {
    const own = taken ?? (await acquireLock(stateDir, about));
    // Of one that was about to take over, and died.
    await rm(handoverSocketOf(stateDir), { force: true });
    return { lock: own, succession: null };
  }
}

/** In place of a lock that another daemon had installed before it died. */
export async function reclaim(stateDir: string, about: LockHolder, old: Lock): Promise<Lock> {
  const lock = await whenFree(stateDir, about);
  await old.release();
  return lock;
}

const freeMs = 5000;

/** The lock of one that has died, or is about to. */
async function whenFree(stateDir: string, about: LockHolder): Promise<Lock> {
  const deadline = Date.now() + freeMs;
  for (;;) {
    try {
      return await acquireLock(stateDir, about);
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'EALREADY' || Date.now() > deadline) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
