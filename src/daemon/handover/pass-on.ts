import { MusterError } from '../../model/error.ts';
import type { SocketServer } from '../../socket/server.ts';
import type { Parts } from '../parts.ts';
import type { Heritage } from './heritage.ts';

/** How long modules may take to be neither on their way up nor down. */
const calmMs = 30_000;
/** What is answered so soon is answered by the daemon that was asked. */
const answerMs = 500;
const holdMs = 5000;
const lookMs = 20;

/**
 * Brings everything to where it can be handed over, and hands it over: from then on this daemon has nothing. Rejects with EBUSY,
 * and then nothing has changed, where that does not come about in time.
 */
export async function passOn(parts: Parts, server: Pick<SocketServer, 'pause' | 'resume'>): Promise<Heritage> {
  const deadline = Date.now() + calmMs;
  for (;;) {
    await untilCalm(parts, deadline);
    await stand(parts, server);
    const held = await within(parts.code.hold(), holdMs);
    // What has come meanwhile may have changed something.
    if (held && isCalm(parts)) return letGo(parts);
    parts.code.resume();
    parts.notifier.resume();
    parts.clock.resume();
    parts.bus.resume();
    server.resume();
    if (Date.now() > deadline) throw tooBusy(parts);
    await pause(lookMs);
  }
}

async function untilCalm(parts: Parts, deadline: number): Promise<void> {
  while (!isCalm(parts) || !(await within(parts.keeper.answers(), holdMs))) {
    if (Date.now() > deadline) throw tooBusy(parts);
    await pause(lookMs);
  }
}

function isCalm({ engine, instances }: Parts): boolean {
  return engine.isIdle() && instances.unsteady().length === 0;
}

/** Nothing is begun with any more; requests between modules go on until their runners hold. */
async function stand({ bus, clock, notifier, sources }: Parts, server: Pick<SocketServer, 'pause'>): Promise<void> {
  bus.pause();
  const deadline = Date.now() + answerMs;
  await server.pause(answerMs);
  while (bus.open() > 0 && Date.now() < deadline) await pause(lookMs);
  bus.failOpen(new MusterError('ERESTART', 'another daemon takes over: ask again'));
  clock.pause();
  await notifier.pause();
  // It has programs of the keeper, which is about to be another daemon's. Who reads the config opens it again.
  await sources.close();
}

/** In one turn all that this daemon knows; then it lets go of everything. */
async function letGo({ engine, instances, bus, code, keeper, shown, close }: Parts): Promise<Heritage> {
  const given = instances.handOver();
  const known = {
    bus: bus.heritage(),
    engine: engine.heritage(),
    alternatives: [...shown.alternatives()],
    secrets: [...shown.secrets()],
  };
  await given.left;
  const runners = await code.handOver();
  const held = await keeper.handOver();
  await close();
  return { instances: given.heritage, ...known, code: runners, held };
}

function tooBusy({ engine, instances, keeper }: Parts): MusterError {
  const names = instances.unsteady();
  const silent = keeper.trouble();
  const what =
    silent !== null
      ? `the keeper of commands (pid ${silent.pid}) does not answer`
      : names.length > 0
        ? `${names.join(', ')} ${names.length === 1 ? 'is' : 'are'} on the way up or down`
        : `${engine.runs.current() ?? 'a change'} is under way`;
  return new MusterError('EBUSY', `the daemon cannot be replaced now: ${what}`, { hint: 'try again when that is over (muster list)' });
}

async function within(work: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, ms, false);
  });
  return Promise.race([work.then(() => true), late]).finally(() => clearTimeout(timer));
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
