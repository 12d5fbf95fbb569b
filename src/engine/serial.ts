import { MusterError } from '../model/error.ts';
import type { Plan, Result } from '../model/plan.ts';
import { planAgain } from '../plan/as-saved.ts';
import type { JournalRecord, Move } from '../store/records.ts';
import type { EngineContext } from './context.ts';
import type { Transaction } from './transact.ts';

/** What is about to be applied, and who asked for it. */
export function beginningOf(transaction: Transaction, { id, changes, target, config }: Plan, { ports }: EngineContext): JournalRecord[] {
  const { trigger, reason, by, generation, trial } = transaction;
  const planned = Object.fromEntries(changes.map(({ name, action }) => [name, action]));
  const makes = generation === 'new' ? { config: config.digest } : {};
  const who = { reason, ...byOf(by) };
  const begun = { id, at: new Date(ports.clock.now()).toISOString(), trigger, ...who, planned, ...makes };
  if (trial === undefined || target.generation === 0) return [{ type: 'begun', begun }];
  const names = changes.filter(({ action }) => action !== 'remove').map(({ name }) => name);
  const watched = { id, to: target.generation, config: config.digest, names, timeout: trial, until: null, ...who };
  return [
    { type: 'begun', begun },
    { type: 'trial', trial: watched },
  ];
}

/** The next serial, with who moved it there. */
export function moveOf(
  { trigger, reason, by }: Transaction,
  { planId, changes, outcome, exitCode }: Pick<Result, 'planId' | 'changes' | 'outcome' | 'exitCode'>,
  { ports }: EngineContext,
): JournalRecord {
  const done = changes.filter(({ status }) => status === 'ok').map(({ action, name }) => `${action} ${name}`);
  const result = { outcome, exitCode };
  return nextSerial({ at: new Date(ports.clock.now()).toISOString(), trigger, reason, ...byOf(by), result }, done, planId, ports);
}

function nextSerial(
  who: Omit<Move, 'serial' | 'changes'>,
  done: readonly string[],
  ended: string,
  { store }: Pick<EngineContext['ports'], 'store'>,
): JournalRecord {
  const serial = store.state.serial + 1;
  const shown = done.length > mostNamed ? [...done.slice(0, mostNamed), `${done.length - mostNamed} more`] : done;
  return { type: 'serial', serial, moved: { serial, ...who, changes: shown }, ended };
}

/** What an earlier daemon was doing when it died: of what it had done by then the serial moves as well. */
export async function endBegun({ ports }: EngineContext): Promise<void> {
  const { store } = ports;
  for (const { id, at, trigger, reason, by, planned, done } of [...store.state.begun.values()]) {
    const changes = [...done].map((name) => `${planned[name]} ${name}`);
    await store.append(
      done.size === 0 ? { type: 'ended', id } : nextSerial({ at, trigger, reason, ...byOf(by), result: null }, changes, id, ports),
    );
  }
}

const mostNamed = 5;

/** Throws ESTALE where the loaded set was changed since the plan was made, with what moved it. */
export function assertSerial({ target }: Plan, { ports }: EngineContext): void {
  const { serial, moves } = ports.store.state;
  if (target.serial === serial) return;
  const since = moves.filter((move) => move.serial > target.serial).map(moveText);
  const why = since.length === 0 ? '' : ` since then: ${since.slice(-mostNamed).join('; ')};`;
  const message = `the saved plan is stale: it was made at serial ${target.serial}, and the daemon is at serial ${serial};${why} nothing was changed`;
  throw new MusterError('ESTALE', message, { hint: planAgain });
}

/** As it is recorded: nothing where nobody asked. */
export function byOf(by: string | null | undefined): { by?: string } {
  return by == null ? {} : { by };
}

function moveText({ at, trigger, reason, by, changes }: Move): string {
  const what = changes.length === 0 ? 'the loaded set' : changes.join(', ');
  const who = by === undefined ? '' : `, asked by ${by}`;
  return `${what} by ${trigger} at ${at}${who}${reason === null ? '' : ` (${reason})`}`;
}
