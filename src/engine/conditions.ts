import type { AuditTrouble } from '../model/audit.ts';
import type { Paused } from '../model/generation.ts';
import type { KeeperTrouble } from '../model/keeper.ts';
import { keeperText } from '../model/keeper-text.ts';
import type { ReceiverDoc } from '../model/notify.ts';
import type { SourceDoc, SourceProblem } from '../model/source.ts';
import type { Condition, LastReconcile } from '../model/status-doc.ts';
import type { WantedOutcome } from './ports.ts';

/** Whether what runs is as the files say, as far as it is known. */
export interface Agreement {
  readonly synced: boolean;
  /** Why not; '' where there is no more to say. */
  readonly message: string;
}

/** A log whose disk takes nothing: its module runs on, and what it writes is dropped. */
export interface LogTrouble {
  readonly name: string;
  readonly error: string;
  /** Bytes so far. */
  readonly dropped: number;
}

/** What conditions follow from; absent where nobody has looked. */
export interface Facts {
  readonly outcome: WantedOutcome | null;
  readonly unhealthy: readonly { readonly name: string; readonly reason: string }[];
  /** Since when the first of them is so. */
  readonly sickSince: string;
  /** Failed for good, until somebody asks for a run. */
  readonly failed: readonly string[];
  readonly agreement: Agreement | null;
  /** What asked for the run that is under way. */
  readonly current: string | null;
  readonly lastReconcile: LastReconcile | null;
  readonly drift?: readonly { readonly name: string; readonly text: string }[];
  readonly held: readonly { readonly name: string; readonly reason: string; readonly since: string }[];
  /** Of the rollback after which nothing is run by itself. */
  readonly paused: Paused | null;
  readonly source: SourceDoc | null;
  readonly recording: { readonly code: string; readonly message: string } | null;
  readonly auditing: AuditTrouble | null;
  readonly logs?: readonly LogTrouble[];
  readonly receivers?: readonly ReceiverDoc[];
  readonly keeper?: KeeperTrouble | null;
}

/** `at`: when it came to be so, where that is known. */
export interface Undated extends Omit<Condition, 'since'> {
  readonly at?: string;
}

/** Those of which true is not how it should be. */
const negative: ReadonlySet<string> = new Set(['Reconciling', 'Stalled', 'Drifted', 'Held', 'Paused']);

export function isNormal({ type, status }: Pick<Condition, 'type' | 'status'>): boolean {
  return status !== negative.has(type);
}

/** All conditions that these facts tell of. */
export function conditionsOf(facts: Facts): Undated[] {
  const { held, paused, recording, source, drift, logs, receivers, keeper } = facts;
  return [
    ready(facts),
    reconciling(facts),
    stalled(facts),
    ...(facts.agreement === null ? [] : [agreed(facts, facts.agreement)]),
    ...(source === null ? [] : [verified(source)]),
    { type: 'Recording', status: recording === null, reason: recording?.code ?? 'written', message: recording?.message ?? '' },
    auditing(facts.auditing),
    ...(logs === undefined ? [] : [logging(logs)]),
    ...(keeper === undefined ? [] : [keeping(keeper)]),
    ...(receivers === undefined || receivers.length === 0 ? [] : [notifying(receivers)]),
    ...(drift === undefined ? [] : [drifted(drift)]),
    {
      ...{ type: 'Held', status: held.length > 0, reason: held.length > 0 ? 'held' : 'none' },
      message: held.map(({ name, reason }) => `${name === '*' ? 'everything' : name}: ${reason}`).join('; '),
      ...first(held.map(({ since }) => since)),
    },
    paused === null
      ? { type: 'Paused', status: false, reason: 'none', message: '' }
      : { type: 'Paused', status: true, reason: 'rolledBack', message: pausedText(paused), at: paused.since },
  ];
}

function first(times: readonly string[]): { at?: string } {
  const [at] = [...times].sort();
  return at === undefined ? {} : { at };
}

function pausedText({ rollbackOf, reason, underWay }: Paused): string {
  const where = underWay === undefined ? 'back at' : 'on the way back to';
  return `${where} generation ${rollbackOf}${reason === null ? '' : ` (${reason})`}; muster reload applies the config`;
}

function ready({ outcome, unhealthy, sickSince }: Facts): Undated {
  if (outcome?.ok === false) return { type: 'Ready', status: false, reason: 'configInvalid', message: firstError(outcome) };
  if (unhealthy.length === 0) return { type: 'Ready', status: true, reason: 'running', message: '' };
  const message = unhealthy.map(({ name, reason }) => `${name}: ${reason}`).join('; ');
  return { type: 'Ready', status: false, reason: 'unhealthy', message, at: sickSince };
}

function firstError(outcome: WantedOutcome & { ok: false }): string {
  const bad = outcome.diagnostics.find(({ severity }) => severity === 'error');
  if (bad === undefined) return '';
  const commit = bad.revision === undefined ? '' : `${bad.revision.slice(0, 12)}:`;
  return `${commit}${bad.file}:${bad.line}:${bad.column} ${bad.message}`;
}

function reconciling({ current }: Facts): Undated {
  const message = current === null ? '' : `a run asked for by ${current}`;
  return { type: 'Reconciling', status: current !== null, reason: current === null ? 'idle' : 'run', message };
}

/** What nobody but a person can end. */
function stalled({ outcome, paused, source, lastReconcile, failed, agreement }: Facts): Undated {
  const is = (reason: string, message: string): Undated => ({ type: 'Stalled', status: true, reason, message });
  if (outcome?.ok === false) return is('configInvalid', firstError(outcome));
  if (paused !== null) return is('paused', pausedText(paused));
  if (source?.problem != null && needsPerson.has(source.problem.code)) return is(source.problem.code, source.problem.message);
  if (lastReconcile?.outcome === 'refused' && agreement?.synced !== true) return is('refused', agreement?.message ?? '');
  if (failed.length > 0) return is('failed', `${failed.join(', ')} failed and ${failed.length === 1 ? 'is' : 'are'} not tried again`);
  return { type: 'Stalled', status: false, reason: 'none', message: '' };
}

/** A repository that cannot be reached may be back at any time. */
const needsPerson: ReadonlySet<SourceProblem> = new Set<SourceProblem>([
  'badRef',
  'badPath',
  'unsigned',
  'untrusted',
  'rewound',
  'refused',
]);

function agreed({ outcome }: Facts, { synced, message }: Agreement): Undated {
  const reason = synced ? 'synced' : outcome?.ok === false ? 'configInvalid' : 'changesPending';
  return { type: 'Synced', status: synced, reason, message };
}

/** Whether what is used is the newest that the repository has, and from whom it should be. */
function verified({ problem, signer, fetchedAt }: SourceDoc): Undated {
  if (problem === null) {
    return { type: 'SourceVerified', status: true, reason: signer === null ? 'fetched' : 'signed', message: '' };
  }
  const age = fetchedAt === null ? 'it has never answered' : `it last answered at ${fetchedAt}`;
  return { type: 'SourceVerified', status: false, reason: problem.code, message: `${problem.message}; ${age}`, at: problem.since };
}

function auditing(trouble: AuditTrouble | null): Undated {
  if (trouble === null) return { type: 'Auditing', status: true, reason: 'written', message: '' };
  const { code, message, waiting, lost } = trouble;
  return { type: 'Auditing', status: false, reason: code, message: `${message}; ${waiting} lines wait, ${lost} are lost` };
}

function logging(troubles: readonly LogTrouble[]): Undated {
  const message = troubles.map(({ name, error, dropped }) => `output of ${name} is dropped (${dropped} bytes so far): ${error}`).join('; ');
  return { type: 'Logging', status: troubles.length === 0, reason: troubles.length === 0 ? 'written' : 'outputDropped', message };
}

function keeping(trouble: KeeperTrouble | null): Undated {
  if (trouble === null) return { type: 'Keeping', status: true, reason: 'answers', message: '' };
  const { since, isStopped } = trouble;
  return { type: 'Keeping', status: false, reason: isStopped ? 'stopped' : 'silent', message: keeperText(trouble), at: since };
}

function notifying(receivers: readonly ReceiverDoc[]): Undated {
  const failing = receivers.flatMap(({ to, failure, waiting }) => (failure === null ? [] : [{ to, waiting, ...failure }]));
  if (failing.length === 0) return { type: 'Notifying', status: true, reason: 'delivered', message: '' };
  const message = failing.map(({ to, waiting, message: why }) => `${to}: ${why}; ${waiting} wait`).join('; ');
  return { type: 'Notifying', status: false, reason: 'notDelivered', message, ...first(failing.map(({ since }) => since)) };
}

function drifted(drift: NonNullable<Facts['drift']>): Undated {
  const message = drift.map(({ name, text }) => `${name}: ${text}`).join('; ');
  return { type: 'Drifted', status: drift.length > 0, reason: drift.length > 0 ? 'drifted' : 'none', message };
}

/** Since when each condition is as it is. */
export interface Transitions {
  /** What is true now, dated; also of what nobody asked. */
  observe(conditions: readonly Undated[], now: number): Condition[];
  known(): readonly Condition[];
  inherit(before: readonly Condition[]): void;
}

export function createTransitions(startedAt: number): Transitions {
  const last = new Map<string, Condition>();
  const start = new Date(startedAt).toISOString();
  return {
    observe(conditions, now) {
      return conditions.map(({ at, ...condition }) => {
        const before = last.get(condition.type);
        // One that nobody has looked at before and that is as it should be has been so from the start, for all that is known.
        const since =
          before?.status === condition.status
            ? before.since
            : (at ?? (before === undefined && isNormal(condition) ? start : new Date(now).toISOString()));
        const dated = { ...condition, since };
        last.set(condition.type, dated);
        return dated;
      });
    },
    known: () => [...last.values()],
    inherit(before) {
      for (const condition of before) last.set(condition.type, condition);
    },
  };
}
