import type { Claim, Patience } from '../apply/claims.ts';
import { MusterError } from '../model/error.ts';
import { exitCode } from '../model/exit-code.ts';
import { guardText } from '../model/guard-text.ts';
import type { Params } from '../model/methods.ts';
import type { Desired } from '../model/module.ts';
import type { Plan, Result } from '../model/plan.ts';
import type { Request } from '../model/plan-input.ts';
import { alternativesOf, type EngineContext, policyOf } from './context.ts';
import { tellResult } from './news.ts';
import type { Wanted } from './ports.ts';
import { planOf, request, type Transaction, transact } from './transact.ts';

export type Common = Pick<Params<'restart'>, 'dryRun' | 'override' | 'lockTimeout' | 'by' | 'reason'> & {
  onProgress?: Transaction['onProgress'];
};

/** What a command on single modules comes to, before it is planned. */
export interface Command {
  name: string;
  common: Common;
  /** Its scope is claimed whole before anything is planned, in one order, so that two commands cannot wait for each other. */
  request: Partial<Request> & { scope: ReadonlySet<string> };
  /** What is to be loaded, made of what is. */
  desired: ReadonlyMap<string, Desired>;
  /** On a name in progress: wait for it, or refuse. */
  busy: 'wait' | 'refuse';
  cancel?: boolean;
  /** Replaces also what cannot save its state. */
  force?: boolean;
  /** Part of what is in force from now on, instead of drift. */
  generation?: 'amended';
  /** Ends what would keep it waiting for its names as long as it likes. Not in a dry run. */
  makeWay?(): Promise<void>;
  /** What belongs to it and has to be done before others get at its names again. Not in a dry run. */
  finish?(): Promise<void>;
  /** The modules that are the config's from now on; the others stay whose they were. */
  declared?: { has(name: string): boolean };
}

/** Says what a command comes to by what is loaded and declared at that moment. To be called again once that has moved. */
export type Prepare = () => Command | Promise<Command>;

/** Plans and applies a command under claims on its names. Refusals and errors that come before any change are thrown. */
export async function runCommand(prepare: Prepare, context: EngineContext): Promise<Plan | Result> {
  const claims = new Map<string, Claim>();
  try {
    const command = await prepared(prepare, claims, context);
    const { common, name: trigger } = command;
    const outcome = await transact({ ...transactionOf(command, context), claimed: new Set(claims.keys()) }, context);
    if (outcome.kind === 'Plan') return outcome;
    if (outcome.changes.length > 0)
      tellResult({ whole: false, trigger, by: common.by ?? null, reason: common.reason ?? null }, outcome, context);
    assertAllowed(outcome);
    await command.finish?.();
    return outcome;
  } finally {
    letGo(claims);
  }
}

/** Whether nothing forbids it as things are now. */
export function isAllowed(command: Command, context: EngineContext): boolean {
  return planOf(transactionOf(command, context), context).applyable;
}

/** With claims on all its names, and made of what is so under them: what was found before may have gone by while it waited. */
async function prepared(prepare: Prepare, claims: Map<string, Claim>, context: EngineContext): Promise<Command> {
  const since = context.ports.clock.now();
  let before = standOf(context);
  let command = await prepare();
  const { dryRun, lockTimeout: ms } = command.common;
  if (dryRun === true) return command;
  const patience = ms === undefined ? null : { ms, until: since + ms };
  for (;;) {
    await command.makeWay?.();
    await claimAll(command, { claims, patience }, context);
    const now = standOf(context);
    if (now.every((part, index) => part === before[index])) return command;
    before = now;
    command = await prepare();
    if ([...command.request.scope].every((name) => claims.has(name))) return command;
    letGo(claims);
  }
}

/** What commands are made of moves with one of these. */
function standOf({ claims, outcome, generation, underWay }: EngineContext): readonly unknown[] {
  return [claims.released(), outcome?.ok === true ? outcome.wanted.config.digest : null, generation, underWay];
}

interface Claiming {
  readonly claims: Map<string, Claim>;
  readonly patience: Patience | null;
}

async function claimAll({ name: action, busy, request: { scope } }: Command, { claims, patience }: Claiming, context: EngineContext) {
  for (const name of [...scope].sort()) {
    const claim = busy === 'wait' ? await context.claims.acquire(name, action, patience) : context.claims.take(name, action);
    claims.set(name, claim);
  }
}

function letGo(claims: Map<string, Claim>): void {
  for (const claim of claims.values()) claim.release();
  claims.clear();
}

function transactionOf({ name, common, desired, declared, ...command }: Command, context: EngineContext): Transaction {
  return {
    trigger: name,
    reason: common.reason ?? null,
    by: common.by ?? null,
    wanted: byHand(desired, context),
    request: request({ ...command.request, override: common.override ?? false }),
    dryRun: common.dryRun ?? false,
    generation: command.generation ?? null,
    cancel: command.cancel ?? false,
    force: command.force ?? false,
    originOf: (change, loaded) => (declared?.has(change.name) ? 'config' : (loaded?.origin ?? 'manual')),
    onProgress: common.onProgress,
  };
}

function byHand(desired: ReadonlyMap<string, Desired>, context: EngineContext): Wanted {
  const { outcome } = context;
  const files = outcome?.ok === true ? outcome.wanted.config.files : [];
  return { config: { digest: '', files, policy: policyOf(context), warnings: [], alternatives: alternativesOf(context) }, desired };
}

/** A command that was refused or found wrong before it changed anything is an error of its caller. */
function assertAllowed(result: Result): void {
  if (result.outcome !== 'refused' && result.outcome !== 'error') return;
  const errors = result.diagnostics.filter((diagnostic) => diagnostic.severity === 'error');
  const first = errors.find(({ code }) => result.outcome === 'refused' || code !== 'held');
  const failedGuards = result.guards.filter((guard) => !guard.ok).map((guard) => guardText(guard));
  const message = first?.message ?? failedGuards.join('; ');
  if (result.outcome === 'refused') throw new MusterError('EREFUSED', message, { hint: first?.hint ?? '--override does it all the same' });
  const code = first !== undefined && /^E[A-Z0-9]+$/.test(first.code) ? (first.code as MusterError['code']) : 'EINVAL';
  throw new MusterError(code, message, { exitCode: exitCode.error, ...(first?.hint === undefined ? {} : { hint: first.hint }) });
}
