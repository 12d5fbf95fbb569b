import { type Asked, audit, isTold, shortened } from '../engine/audit.ts';
import { isChanging } from '../model/changing.ts';
import { MusterError } from '../model/error.ts';
import type { Method } from '../model/methods.ts';
import type { Result } from '../model/plan.ts';
import { withheld } from '../model/settings.ts';
import type { ApiPorts, Call } from './call.ts';
import { createRefusals } from './refusals.ts';

type Given = Readonly<Record<string, unknown>>;

/** Whether a call of this method with these parameters is one that would change something. */
export function isAudited(method: Method, { dryRun, op, value }: Given): boolean {
  if (!isChanging(method) || dryRun === true) return false;
  if (method === 'debug') return op !== undefined;
  return method !== 'cgroup' || value !== undefined;
}

export type Audited = (method: Method, given: Given, call: Call, run: (call: Call) => unknown) => Promise<unknown>;

/** Does what was asked for, and writes a line of it before it is answered, if it changed something or was refused. */
export function createAudited(ports: ApiPorts): Audited {
  const refused = createRefusals();
  return (method, given, call, run) => audited({ method, given, call, run }, refused, ports);
}

interface Work {
  readonly method: Method;
  readonly given: Given;
  readonly call: Call;
  run(call: Call): unknown;
}

async function audited({ method, given, call, run }: Work, refused: ReturnType<typeof createRefusals>, ports: ApiPorts): Promise<unknown> {
  const { context } = ports.engine;
  const settingsBefore = settingsOf(given, ports);
  const holdsBefore = new Map(context.ports.store.state.holds);
  let isWritten = false;
  // Once it has left nobody can tell any more who it was.
  call.signal.addEventListener('abort', () => void call.peer?.(), { once: true });
  const asked = async (): Promise<Asked> => ({
    method,
    trigger: method,
    by: given.by as string | undefined,
    peer: (await call.peer?.()) ?? null,
    reason: given.reason as string | undefined,
    params: paramsOf(given),
  });
  const recorded = async (result: Result): Promise<void> => {
    if (isWritten || !isTold(result)) return;
    isWritten = true;
    await audit(await asked(), { result }, context);
  };
  try {
    const answer = await run(withRecord(call, recorded));
    if (isResult(answer)) await recorded(answer);
    const holds = actsOnHolds.has(method) ? changedHolds(holdsBefore, context.ports.store.state.holds) : [];
    const acted = !isResult(answer) || holds.length > 0 || settingsOf(given, ports) !== settingsBefore;
    if (!isWritten && acted) await audit({ ...(await asked()), holds }, isResult(answer) ? { result: answer } : null, context);
    return answer;
  } catch (error) {
    if (isRefusal(error)) await refused({ module: call.from?.name ?? null, method, asked: await asked(), error }, context);
    throw error;
  }
}

/** What it is asked with that only says how it is to be answered, or stands elsewhere in the line. */
const left = new Set(['by', 'reason', 'progress', 'wait', 'timeout', 'lockTimeout', 'plan', 'cwd']);
const mostItems = 20;
const deepest = 4;

/** What looks secret by its name is not told, whatever it is; long things are cut. */
function paramsOf(given: Given): unknown {
  const told = Object.entries(given).filter(([name, value]) => value !== undefined && !left.has(name));
  const plan = given.plan === undefined ? [] : [['plan', (given.plan as { id?: unknown }).id ?? null] as const];
  const shown = Object.entries(withheld(Object.fromEntries(told)) as Given).map(
    ([name, value]) => [name, bounded(value, deepest)] as const,
  );
  return Object.fromEntries([...shown, ...plan]);
}

function bounded(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return shortened(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth === 0) return '…';
  if (Array.isArray(value)) {
    const items = value.slice(0, mostItems).map((item) => bounded(item, depth - 1));
    return value.length > mostItems ? [...items, `… ${value.length - mostItems} more`] : items;
  }
  const entries = Object.entries(value);
  const some = entries.slice(0, mostItems).map(([key, item]) => [key, bounded(item, depth - 1)] as const);
  return Object.fromEntries(entries.length > mostItems ? [...some, ['…', `${entries.length - mostItems} more`]] : some);
}

/** These end or begin holds also where that changes nothing of what runs. */
const actsOnHolds: ReadonlySet<Method> = new Set(['hold', 'stop', 'start', 'release', 'remove']);

function changedHolds(before: ReadonlyMap<string, unknown>, now: ReadonlyMap<string, unknown>): string[] {
  return [...new Set([...before.keys(), ...now.keys()])].filter((name) => before.get(name) !== now.get(name)).sort();
}

/** Another object whenever what is set of the module is another. */
function settingsOf({ name, key }: Given, { engine }: ApiPorts): unknown {
  return typeof name === 'string' && typeof key === 'string' ? engine.context.ports.store.state.settings.get(name) : undefined;
}

function isResult(answer: unknown): answer is Result {
  return (answer as { kind?: unknown } | null | undefined)?.kind === 'Result';
}

const refusals: ReadonlySet<string> = new Set(['EREFUSED', 'ESTALE', 'EPERM', 'EBUSY', 'EALREADY', 'ENOSPC', 'EIO']);

function isRefusal(error: unknown): boolean {
  return error instanceof MusterError && refusals.has(error.code);
}

/** Properties of `call` may be computed, and its methods its own. */
function withRecord(call: Call, recorded: (result: Result) => Promise<void>): Call {
  return {
    part: (payload) => call.part(payload),
    get signal() {
      return call.signal;
    },
    ...(call.from === undefined ? {} : { from: call.from }),
    recorded,
  };
}
