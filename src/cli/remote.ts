import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isChanging } from '../model/changing.ts';
import { MusterError, messageOf } from '../model/error.ts';
import type { Method, Params, ProgressPart, Responses } from '../model/methods.ts';
import { handoverSocketOf, socketOf, stateHome } from '../model/places.ts';
import type { Plan, Result } from '../model/plan.ts';
import { type Client, connect } from '../socket/client.ts';
import { patiently } from './between-daemons.ts';
import type { Call } from './command.ts';
import { formatOf, printJsonLine } from './output.ts';
import { progressLine } from './progress.ts';
import { quoted } from './quoted.ts';
import { which, whichFlags } from './which.ts';
import { whoAsks } from './who.ts';

/** Reaches the daemon of this call, or says which daemons there are and how to start one. */
export async function reach(call: Call): Promise<Client> {
  const { socket, stateDir } = which(call.globals, call.io);
  try {
    return await patiently(() => connect({ path: socket }), handoverSocketOf(stateDir));
  } catch (error) {
    const code = (error as { code?: unknown }).code;
    if (code === 'EACCES' || code === 'EPERM') {
      throw new MusterError('EACCES', `no permission to use ${socket}`, { cause: error, hint: 'ask as the user that the daemon runs as' });
    }
    if (code !== 'ENOENT' && code !== 'ECONNREFUSED' && code !== 'ENOTDIR') throw error;
    throw await nobodyThere(call, error);
  }
}

/** One request and its response. `again`: what to ask where another daemon takes over in the middle of it; the same without. */
export async function ask<M extends Method>(
  call: Call,
  method: M,
  payload: Params<M>,
  onPart?: (part: unknown) => void,
  again: (() => Params<M>) | null = null,
): Promise<Responses[M]> {
  const asking = isChanging(method) ? { ...payload, by: whoAsks(call.io) } : payload;
  let asked = asking;
  return overReplacement(call, async (client, isFirst) => {
    if (!isFirst && again !== null) asked = again();
    return (await client.request(`muster.${method}`, asked, onPart === undefined ? {} : { onPart })) as Responses[M];
  });
}

/** Does the same again with the next daemon where one takes over before it was done. */
export async function overReplacement<T>(call: Call, request: (client: Client, isFirst: boolean) => Promise<T>): Promise<T> {
  let client = await reach(call);
  for (let isFirst = true; ; isFirst = false) {
    try {
      return await request(client, isFirst);
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'ERESTART') throw error;
    } finally {
      client.close();
    }
    client = await reach(call);
  }
}

type RunMethod =
  | 'reconcile'
  | 'rollback'
  | 'reload'
  | 'restart'
  | 'start'
  | 'load'
  | 'install'
  | 'uninstall'
  | 'set'
  | 'unset'
  | 'remove'
  | 'release';

/** A request that changes something, with progress on a terminal, or line by line where that was asked for. */
export async function askRun<M extends RunMethod>(call: Call, method: M, payload: Params<M>): Promise<Plan | Result> {
  const line = progressLine(call.io);
  const byLine = formatOf(call) === 'ndjson';
  try {
    const whole = call.io.errTerminal || byLine ? { ...payload, progress: true } : payload;
    return await ask(call, method, whole, (part) => {
      const progress = (part as Partial<ProgressPart> | null)?.progress;
      if (progress === undefined) return;
      if (byLine) printJsonLine(call, { kind: 'Progress', ...progress });
      else line.show(progress);
    });
  } finally {
    line.clear();
  }
}

async function nobodyThere(call: Call, cause: unknown): Promise<MusterError> {
  const { name, stateDir, socket } = which(call.globals, call.io);
  const what = call.globals.socket === undefined ? `no daemon "${name}" runs in ${stateDir}` : `no daemon answers at ${socket}`;
  const flags = call.globals.socket === undefined ? whichFlags(call.globals, call.io) : '';
  const start = `start one with: ${call.io.self}${flags} up -d -c FILE`;
  const others = await otherDaemons(call, socket).catch((error) => [`(unknown: ${messageOf(error)})`]);
  const hint = others.length === 0 ? start : `${start}\nother daemons that run: ${others.join(', ')}`;
  return new MusterError('ECONNREFUSED', what, { cause, hint });
}

/** Flags that name the daemons which answer beside the one asked for. */
async function otherDaemons(call: Call, not: string): Promise<string[]> {
  const home = stateHome(call.io);
  const folders = new Set([home, dirname(which(call.globals, call.io).stateDir)]);
  const found: string[] = [];
  for (const folder of folders) {
    for (const name of namesIn(folder).slice(0, mostLookedAt)) {
      const socket = socketOf(join(folder, name));
      if (socket === not || !(await answers(socket))) continue;
      found.push(folder === home ? `--daemon ${quoted(name)}` : `--state-dir ${quoted(join(folder, name))}`);
    }
  }
  return found;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

const mostLookedAt = 64; // a folder full of other things must not make an error message slow

async function answers(socket: string): Promise<boolean> {
  try {
    (await connect({ path: socket })).close();
    return true;
  } catch {
    return false;
  }
}
