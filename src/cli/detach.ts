import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fromWire, MusterError, messageOf, type WireError } from '../model/error.ts';
import { missingFolders } from '../model/folders.ts';
import type { FirstRun } from '../model/up.ts';
import type { Call } from './command.ts';
import { which } from './which.ts';

interface Options {
  config?: string[];
  replace?: boolean;
  socketMode?: number;
  socketGroup?: string;
}

type Told = { first: FirstRun } | { error: WireError };

/**
 * Starts the daemon in a session of its own and waits for its first run. Resolves with the exit code of that run; if the
 * daemon ends before, with what it died of.
 */
export async function detach(call: Call<Options>, onReady: (first: FirstRun) => void): Promise<number> {
  const { stateDir } = which(call.globals, call.io);
  const logFile = join(stateDir, 'log', 'muster.log');
  const log = openLog(logFile, stateDir);
  const [file = '', ...args] = call.io.program;
  const child = spawn(file, [...args, ...argvOf(call)], {
    detached: true,
    cwd: call.io.cwd,
    env: call.io.env,
    stdio: ['ignore', log, log, 'ipc'],
  });
  closeSync(log);
  const told = await new Promise<Told>((resolve, reject) => {
    child.once('error', (error) => reject(new MusterError('EIO', `cannot start the daemon: ${messageOf(error)}`, { cause: error })));
    child.once('message', (message) => resolve(message as Told));
    child.once('exit', (code, signal) => reject(diedEarly(code, signal, logFile)));
  });
  if ('error' in told) throw fromWire(told.error);
  child.removeAllListeners('exit');
  if (child.connected) child.disconnect();
  child.unref();
  onReady(told.first);
  return told.first.exitCode;
}

function openLog(file: string, stateDir: string): number {
  try {
    for (const folder of missingFolders(dirname(file), existsSync)) makeFolder(folder);
    return openSync(file, 'a', 0o600);
  } catch (error) {
    const hint = 'choose another with --state-dir';
    throw new MusterError('EACCES', `cannot write to the state dir ${stateDir}: ${messageOf(error)}`, { cause: error, hint });
  }
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'EEXIST') throw error; // someone else was faster
  }
}

function argvOf({ globals, options }: Call<Options>): string[] {
  const { config = [], socketMode, socketGroup, replace } = options;
  return [
    'up',
    '--detached',
    ...(replace === true ? ['--replace'] : []),
    ...(globals.stateDir === undefined ? [] : ['--state-dir', globals.stateDir]),
    ...(globals.daemon === undefined ? [] : ['--daemon', globals.daemon]),
    ...(socketMode === undefined ? [] : ['--socket-mode', socketMode.toString(8).padStart(4, '0')]),
    ...(socketGroup === undefined ? [] : ['--socket-group', socketGroup]),
    ...config.flatMap((file) => ['-c', file]),
  ];
}

function diedEarly(code: number | null, signal: string | null, logFile: string): MusterError {
  const how = signal === null ? `with code ${code}` : `by ${signal}`;
  return new MusterError('EFAILED', `the daemon ended ${how} before it was ready`, {
    hint: `its log: ${logFile}`,
    ...(code === null || code === 0 ? {} : { exitCode: code }),
  });
}
