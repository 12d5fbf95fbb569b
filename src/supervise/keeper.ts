import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../daemon/world.ts';
import { fifoFolder, keeperSocket } from '../keeper/places.ts';
import { isAlive, statOf } from '../keeper/proc.ts';
import { createRemoteKeeper, type RemoteKeeper } from '../keeper/remote.ts';
import type { Log } from '../model/ports.ts';
import { dial } from '../socket/client.ts';

/** The keeper of all programs that this process supervises. */
export interface Borrowed {
  readonly keeper: RemoteKeeper;
  /** What the ids of all leases begin with. */
  readonly owner: string;
  /** The last one ends it. Idempotent. */
  giveBack(): Promise<void>;
}

interface Shared {
  readonly keeper: RemoteKeeper;
  readonly owner: string;
  readonly dir: string;
  /** The caller lives while something is supervised: the clock's own timers would not keep it. */
  readonly alive: NodeJS.Timeout;
  borrowers: number;
}

const prefix = 'muster-supervise-';
const nothingKept = { begin: async () => {}, started() {}, ended() {} };
let shared: Promise<Shared> | null = null;

/** A process of its own, so that what it started dies also with a caller that is killed. */
export async function borrowKeeper(log: Log): Promise<Borrowed> {
  shared ??= create(log);
  const mine = shared;
  const own = await mine;
  own.borrowers += 1;
  let back: Promise<void> | null = null;
  return {
    keeper: own.keeper,
    owner: own.owner,
    giveBack() {
      back ??= release(own, mine);
      return back;
    },
  };
}

async function create(log: Log): Promise<Shared> {
  await clearUp();
  const dir = await mkdtemp(join(tmpdir(), `${prefix}${process.pid}-`));
  const owner = `${randomUUID().replaceAll('-', '').slice(0, 16)}/`;
  const keeper = createRemoteKeeper({
    stateDir: dir,
    keeperFile: fileURLToPath(new URL('./keeper.cjs', import.meta.url)),
    fifoDir: join(dir, fifoFolder),
    dial: () => dial(join(dir, keeperSocket)),
    path: process.env.PATH,
    leases: nothingKept,
    owner,
    newId: () => `${owner}${randomUUID()}`,
    clock: systemClock,
    log,
  });
  return { keeper, owner, dir, alive: setInterval(() => {}, 2 ** 30), borrowers: 0 };
}

async function release(own: Shared, mine: Promise<Shared>): Promise<void> {
  own.borrowers -= 1;
  if (own.borrowers > 0) return;
  if (shared === mine) shared = null;
  await own.keeper.dispose();
  await rm(own.dir, { recursive: true, force: true });
  clearInterval(own.alive);
}

/** Folders of callers that were killed. */
async function clearUp(): Promise<void> {
  const left = (await readdir(tmpdir())).filter((name) => {
    const pid = name.startsWith(prefix) ? Number(name.slice(prefix.length).split('-')[0]) : Number.NaN;
    if (!Number.isInteger(pid)) return false;
    const caller = statOf(pid);
    return caller === null || !isAlive(caller);
  });
  await Promise.all(left.map((name) => rm(join(tmpdir(), name), { recursive: true, force: true }).catch(() => {})));
}
