import { readFile } from 'node:fs/promises';
import { MusterError, messageOf } from '../model/error.ts';
import type { Plan, Result, SavedPlan } from '../model/plan.ts';
import type { Call } from './command.ts';
import { duplicateKey } from './duplicate-key.ts';
import { formatOf, printRun } from './output.ts';
import { quoted } from './quoted.ts';
import { whichFlags } from './which.ts';
import { fileError, writeDocument } from './write-document.ts';

/** Writes the plan to the file, as the daemon gave it, prints it, and says how it is applied. */
export async function saveRun(call: Call, file: string, done: Plan | SavedPlan | Result): Promise<number> {
  if (!('saved' in done)) {
    const code = printRun(call, done);
    call.io.err(`Not saved to ${file}: this plan cannot be applied.\n`);
    return code;
  }
  await writeDocument(call, file, done, 'the plan');
  const { saved, ...plan } = done;
  const code = printRun(call, plan);
  const line = `saved to ${file}; apply it with: ${call.io.self}${whichFlags(call.globals, call.io)} reconcile --plan ${quoted(file)}\n`;
  if (formatOf(call) === 'text') call.io.out(line);
  else call.io.err(line);
  return code;
}

/** What is in the file; whether it may be applied the daemon says. */
export async function readPlan(path: string, shown: string): Promise<Record<string, unknown>> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw fileError(error, `cannot read the saved plan ${shown}`);
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
  const key = duplicateKey(text);
  if (key !== null) {
    const message = `${shown} is no saved plan, or was edited: an object in it has ${JSON.stringify(key)} more than once`;
    throw new MusterError('ESTALE', message, { hint: makeOne(shown) });
  }
  const plan = (typeof document === 'object' && document !== null ? document : {}) as Record<string, unknown>;
  if (typeof plan.saved === 'string') return plan;
  const what = plan.kind === 'Plan' || plan.kind === 'Result' ? `a ${plan.kind} that was printed, not saved` : 'no saved plan';
  throw new MusterError('EINVAL', `${shown} is ${what}`, { hint: makeOne(shown) });
}

const makeOne = (file: string): string => `make one with: muster reconcile --dry-run --out ${quoted(file)}`;
