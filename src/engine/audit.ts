import type { AuditedChange, AuditLine, Peer } from '../model/audit.ts';
import { MusterError, messageOf } from '../model/error.ts';
import { exitCode, exitCodeOf } from '../model/exit-code.ts';
import { guardText } from '../model/guard-text.ts';
import type { ChangeResult, Result } from '../model/plan.ts';
import type { Move } from '../store/records.ts';
import type { EngineContext } from './context.ts';
import { endBegun } from './serial.ts';

const mostChanges = 50;
const mostText = 300;

/** Who asked for what; of what the daemon does by itself only what set it going. */
export interface Asked {
  readonly trigger: string;
  readonly method?: string;
  readonly by?: string | null | undefined;
  readonly peer?: Peer | null;
  readonly reason?: string | null | undefined;
  readonly params?: unknown;
  /** Whose holds began or ended by it. */
  readonly holds?: readonly string[];
  /** So often the same was refused before. */
  readonly times?: number;
}

/** What became of it: a result, an error, or null: done, and there is no more to say. */
type Became = { readonly result: Result } | { readonly error: unknown } | null;

/** Writes the line, if there are lines; resolves when it is as durable as it can be. */
export async function audit(asked: Asked, became: Became, { ports }: EngineContext): Promise<void> {
  if (ports.audit === undefined) return;
  const { method = null, by = null, peer = null, reason = null, params = {}, holds = [], times } = asked;
  const { serial, generation } = ports.store.state;
  const line: Omit<AuditLine, 'seq'> = {
    at: new Date(ports.clock.now()).toISOString(),
    ...{ by, peer, method, trigger: asked.trigger, params, reason },
    ...withHolds(outcomeOf(became), method ?? asked.trigger, holds),
    ...{ serial, generation },
    ...(times === undefined ? {} : { times }),
  };
  await ports.audit.append(ports.masked(line) as typeof line);
}

/** What the daemon did by itself is a line if it changed something or was kept from it. */
export async function auditOwn(
  trigger: string,
  result: Result,
  context: EngineContext,
  who: Pick<Asked, 'by' | 'reason'> = {},
): Promise<void> {
  if (isTold(result)) await audit({ trigger, ...who }, { result }, context);
}

/** What was changed and recorded, and the daemon that did it died before it wrote the line. */
export async function auditUnwritten(context: EngineContext): Promise<void> {
  await endBegun(context);
  const { ports } = context;
  if (ports.audit === undefined) return;
  const { moves, generation } = ports.store.state;
  const { lastSerial } = ports.audit;
  for (const { serial, at, trigger, reason, by = null, changes, result } of moves.filter((move) => move.serial > lastSerial)) {
    const [, more] = changes.at(-1)?.match(/^(\d+) more$/) ?? [];
    const named = more === undefined ? changes : changes.slice(0, -1);
    await ports.audit.append({
      ...{ at, by, peer: null, method: null, trigger, params: {}, reason, ...knownOf(result), planId: null },
      ...{ serial, generation, changes: named.map(movedChange), moreChanges: Number(more ?? 0), recovered: true },
    });
  }
}

/** As far as the journal knows it. */
function knownOf(result: Move['result']): Pick<Outcome, 'outcome' | 'exitCode' | 'error'> {
  if (result === undefined) return { outcome: 'unknown', exitCode: null, error: null };
  if (result !== null) return { outcome: words[result.outcome], exitCode: result.exitCode, error: null };
  const error = { code: 'cutShort', message: 'the daemon died in the middle of it' };
  return { outcome: 'failed', exitCode: exitCode.failedPartly, error };
}

/** As the journal has it in words: `load web`. */
function movedChange(text: string): AuditedChange {
  const [action = '', ...name] = text.split(' ');
  return { name: name.join(' '), action, status: 'ok' };
}

/** Whether a run did more than look. */
export function isTold({ changes, outcome }: Pick<Result, 'changes' | 'outcome'>): boolean {
  return changes.length > 0 || outcome === 'refused';
}

type Outcome = Pick<AuditLine, 'outcome' | 'exitCode' | 'planId' | 'revision' | 'changes' | 'moreChanges' | 'error'>;

function outcomeOf(became: Became): Outcome {
  const nothing = { planId: null, changes: [], moreChanges: 0, error: null };
  if (became === null) return { ...nothing, outcome: 'done', exitCode: exitCode.ok };
  if ('error' in became) return { ...nothing, ...failureOf(became.error) };
  const { result } = became;
  const { revision } = result.config;
  const told = result.changes.slice(0, mostChanges).map(changeOf);
  const guard = result.guards.find(({ ok }) => !ok);
  const first =
    result.diagnostics.find(({ severity }) => severity === 'error') ?? (guard && { code: guard.code, message: guardText(guard) });
  return {
    outcome: words[result.outcome],
    exitCode: result.exitCode,
    planId: result.planId,
    ...(revision === undefined ? {} : { revision }),
    changes: told,
    moreChanges: result.changes.length - told.length,
    error: first === undefined ? null : { code: first.code, message: shortened(first.message) },
  };
}

/** Where nothing that runs was changed, they are what was. */
function withHolds(outcome: Outcome, action: string, holds: readonly string[]): Outcome {
  if (outcome.changes.length > 0) return outcome;
  const changes = holds.slice(0, mostChanges).map((name): AuditedChange => ({ name, action, status: 'ok' }));
  return { ...outcome, changes, moreChanges: holds.length - changes.length };
}

const words = { applied: 'applied', failed: 'failed', refused: 'refused', error: 'error', noChanges: 'done', changes: 'done' } as const;

function failureOf(error: unknown): Pick<Outcome, 'outcome' | 'exitCode' | 'error'> {
  const code = error instanceof MusterError ? error.code : 'EFAILED';
  const told = { code, message: shortened(messageOf(error)) };
  return { outcome: 'refused', exitCode: exitCodeOf(error as { code?: unknown }), error: told };
}

function changeOf({ name, action, status, error }: ChangeResult): AuditedChange {
  return { name, action, status, ...(error === null ? {} : { error: shortened(error.message) }) };
}

export function shortened(text: string): string {
  return text.length <= mostText ? text : `${text.slice(0, mostText)}…`;
}
