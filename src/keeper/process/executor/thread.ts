// The thread of the keeper that executes programs, `executor.cjs`. Node reaps the children of a thread when that turns its event
// loop, and then does not tell a death by a real-time signal from an exit with code 0. So this one sleeps, and turns its loop only
// when it has seen for itself, in /proc, how those that are dead have died.
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { exitSeen, exitUnseen } from '../../death.ts';
import { begin } from '../../execute.ts';
import { hasMemory, isAlive, statOf } from '../../proc.ts';
import { asked, deaths, type ExecutorData, type FromExecutor, type ToExecutor } from './messages.ts';
import { type Outlook, stillHolds, untilTurn } from './turn.ts';

interface Born {
  readonly id: number;
  readonly pid: number;
  /** `unclear`: dead, and not to be seen how. */
  state: 'lives' | 'unclear' | 'told';
}

/** From here on a whole look at each would take so long that many could die while it lasts. */
const many = 32;

const port = parentPort as MessagePort;
const { wake } = workerData as ExecutorData;
const born = new Set<Born>();
let looked = 0;
let isDying = false;
let lastDeathAt = 0;
/** Since when there are zombies. */
let deadSince: number | null = null;

work();

/** Returns only to let Node reap. */
function work(): void {
  settle();
  for (;;) {
    const orders = Atomics.load(wake, asked);
    for (let next = order(); next !== null; next = order()) {
      // Node says why a little later, though before it turns its loop.
      if (!execute(next)) {
        process.nextTick(work);
        return;
      }
    }
    const news = Atomics.load(wake, deaths);
    if (news !== looked || isDying) look();
    looked = news;
    const pause = untilTurn(outlook());
    if (pause === 0 && isCertain()) {
      setImmediate(work);
      return;
    }
    Atomics.wait(wake, asked, orders, pause ?? Number.POSITIVE_INFINITY);
  }
}

/** What Node has not reaped was not dead. */
function settle(): void {
  for (const one of born) if (one.state === 'unclear') one.state = 'lives';
  if (outlook().dead === 0) deadSince = null;
}

function order(): ToExecutor | null {
  return (receiveMessageOnPort(port)?.message as ToExecutor | undefined) ?? null;
}

/** False if that failed and Node is about to say why. */
function execute({ id, execution }: ToExecutor): boolean {
  try {
    const raw = begin(execution);
    if (raw.pid === undefined) {
      raw.once('error', (error) => refuse(id, error));
      return false;
    }
    const one: Born = { id, pid: raw.pid, state: 'lives' };
    born.add(one);
    raw.once('exit', (code, signal) => reaped(one, code, signal));
    tell({ type: 'executed', id, pid: raw.pid, startTime: statOf(raw.pid)?.startTime ?? null });
  } catch (error) {
    refuse(id, error);
  }
  return true;
}

function refuse(id: number, error: unknown): void {
  const { code, message } = error as NodeJS.ErrnoException;
  tell({ type: 'refused', id, code, message });
}

/** Tells of those that have died; true if there were any. */
function look(): boolean {
  let isNews = false;
  isDying = false;
  const isBrief = born.size >= many;
  for (const one of born) {
    if (one.state !== 'lives' || (isBrief && hasMemory(one.pid))) continue;
    const stat = statOf(one.pid);
    if (stat !== null && (isAlive(stat) || stat.threads > 1)) {
      isDying ||= stat.isDying;
      continue;
    }
    isNews = true;
    const exit = stat === null ? null : exitSeen(stat);
    one.state = exit === null ? 'unclear' : 'told';
    if (exit !== null) tell({ type: 'exited', id: one.id, exit });
  }
  if (isNews) lastDeathAt = performance.now();
  if (isNews) deadSince ??= lastDeathAt;
  return isNews;
}

/** A last look, so short a time before Node reaps that nobody can have died since, unless the system let others go first. */
function isCertain(): boolean {
  const began = performance.now();
  if (look()) return false;
  return stillHolds(performance.now() - began, outlook());
}

function outlook(): Outlook {
  const now = performance.now();
  let [living, unclear] = [0, 0];
  for (const { state } of born) {
    if (state === 'lives') living += 1;
    else if (state === 'unclear') unclear += 1;
  }
  const dead = born.size - living;
  return { living, isDying, dead, unclear, sinceLastDeath: now - lastDeathAt, sinceFirstDeath: now - (deadSince ?? now) };
}

function reaped(one: Born, code: number | null, signal: string | null): void {
  born.delete(one);
  if (one.state !== 'told') tell({ type: 'exited', id: one.id, exit: one.state === 'lives' ? exitUnseen(code, signal) : { code, signal } });
  tell({ type: 'reaped', id: one.id });
}

function tell(message: FromExecutor): void {
  port.postMessage(message);
}
