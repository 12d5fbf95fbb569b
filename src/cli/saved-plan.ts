import { open, readFile, realpath, rename, rm, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { MusterError, messageOf } from '../model/error.ts';
import type { Plan, Result, SavedPlan } from '../model/plan.ts';
import type { Call } from './command.ts';
import { formatOf, printRun } from './output.ts';
import { quoted } from './quoted.ts';
import { whichFlags } from './which.ts';

/** Writes the plan to the file, as the daemon gave it, prints it, and says how it is applied. */
export async function saveRun(call: Call, file: string, done: Plan | SavedPlan | Result): Promise<number> {
  if (!('saved' in done)) {
    const code = printRun(call, done);
    call.io.err(`Not saved to ${file}: this plan cannot be applied.\n`);
    return code;
  }
  await writeWhole(resolve(call.io.cwd, file), `${JSON.stringify(done, null, 2)}\n`, file);
  const { saved, ...plan } = done;
  const code = printRun(call, plan);
  const line = `saved to ${file}; apply it with: ${call.io.self}${whichFlags(call.globals, call.io)} reconcile --plan ${quoted(file)}\n`;
  if (formatOf(call) === 'text') call.io.out(line);
  else call.io.err(line);
  return code;
}

/** For its owner alone, whatever was there before; and whole or not at all. */
async function writeWhole(named: string, text: string, shown: string): Promise<void> {
  const there = await stat(named).catch(() => null);
  // A device or a pipe must not be replaced by a file.
  if (there !== null && !there.isFile()) throw new MusterError('EINVAL', `the plan cannot be saved to ${shown}: it is no regular file`);
  const path = there === null ? named : await realpath(named);
  const beside = `${path}.${process.pid}.tmp`;
  try {
    const file = await open(beside, 'wx', 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true }).catch(() => {});
    throw failed(error, `the plan cannot be saved to ${shown}`);
  }
}

/** What is in the file; whether it may be applied the daemon says. */
export async function readPlan(path: string, shown: string): Promise<Record<string, unknown>> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw failed(error, `cannot read the saved plan ${shown}`);
  });
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    throw new MusterError('ESTALE', `${shown} is no saved plan, or was damaged: ${messageOf(error)}`, {
      cause: error,
      hint: makeOne(shown),
    });
  }
  const plan = (typeof document === 'object' && document !== null ? document : {}) as Record<string, unknown>;
  if (typeof plan.saved === 'string') return plan;
  const what = plan.kind === 'Plan' || plan.kind === 'Result' ? `a ${plan.kind} that was printed, not saved` : 'no saved plan';
  throw new MusterError('EINVAL', `${shown} is ${what}`, { hint: makeOne(shown) });
}

const makeOne = (file: string): string => `make one with: muster reconcile --dry-run --out ${quoted(file)}`;

function failed(error: unknown, what: string): MusterError {
  const { code } = error as NodeJS.ErrnoException;
  const known = code === 'ENOENT' || code === 'EACCES' || code === 'ENOSPC' || code === 'EPERM' ? code : 'EIO';
  return new MusterError(known, `${what}: ${messageOf(error)}`, { cause: error });
}
