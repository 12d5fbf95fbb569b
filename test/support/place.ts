import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { ListDoc, ModuleView } from '../../src/model/documents.ts';
import type { Plan, Result } from '../../src/model/plan.ts';
import type { StatusDoc } from '../../src/model/status-doc.ts';
import { connect } from '../../src/socket/client.ts';
import { ask, isAsking } from './asking.ts';

/** The built muster: `npm test` builds it first; MUSTER_DIST names another build. */
export const cli = join(process.env.MUSTER_DIST ?? join(import.meta.dirname, '../../dist'), 'cli.cjs');

export interface Ran {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  env?: Record<string, string>;
  cwd?: string;
  stdin?: string;
  /** A program with arguments that executes what comes after them. */
  through?: readonly string[];
}

/** A temp folder with a config and a state dir of its own, and the commands run against it. */
export interface Place extends AsyncDisposable {
  dir: string;
  stateDir: string;
  /** Writes a file below `dir`, with its folders; a config is `muster.yaml`. */
  write(file: string, text: string): Promise<string>;
  /** Runs `muster ARGS...` in `dir` and waits for its end. */
  muster(...args: string[]): Promise<Ran>;
  musterWith(options: RunOptions, ...args: string[]): Promise<Ran>;
  /** `up -d -c muster.yaml`, whose client is not a process of its own; throws if it does not exit 0. */
  up(...args: string[]): Promise<Ran>;
  /** What `list --json` shows. This and the next three are asked at the socket: a command is a process each time. */
  list(): Promise<ModuleView[]>;
  module(name: string): Promise<ModuleView>;
  /** What `status --json` shows. */
  status(): Promise<StatusDoc>;
  reload(): Promise<{ ran: Ran; result: Result }>;
  dryRun(...args: string[]): Promise<{ ran: Ran; plan: Plan }>;
  /** The pid of the daemon. */
  pid(): Promise<number>;
  /** Kills the daemon as by kill -9 and waits until it is gone. */
  kill(): Promise<void>;
  /** Every process of the place that lives and that a daemon of it started as such: runners, commands and their children. */
  processes(): Promise<number[]>;
}

export async function createPlace(config?: string): Promise<Place> {
  const dir = await mkdtemp(join(tmpdir(), 'muster-'));
  const stateDir = join(dir, 'state');
  const placeMark = `TMPDIR=${dir}\0`;
  const place: Place = {
    dir,
    stateDir,
    async write(file, text) {
      const path = join(dir, file);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, text);
      return path;
    },
    muster: (...args) => place.musterWith({}, ...args),
    musterWith: (options, ...args) =>
      // TMPDIR is handed down to everything that muster starts: it marks the processes of the place.
      command(args, stateDir, { cwd: dir, ...options, env: { TMPDIR: dir, ...options.env } }),
    async up(...args) {
      const ran = await ask(['up', '-d', '-c', 'muster.yaml', ...args], {
        env: surroundings(stateDir, { TMPDIR: dir }),
        cwd: dir,
        stdin: '',
        program: cli,
      });
      if (ran.code !== 0) throw new Error(`up exited ${ran.code}: ${ran.stderr}`);
      return ran;
    },
    list: async () => ((await asked(stateDir, 'muster.list')) as ListDoc).modules,
    async module(name) {
      const found = (await place.list()).find((module) => module.name === name);
      if (found === undefined) throw new Error(`${name} is not listed`);
      return found;
    },
    status: async () => (await asked(stateDir, 'muster.status')) as StatusDoc,
    async reload() {
      const ran = await place.muster('reload', '--json');
      return { ran, result: json(ran) as Result };
    },
    async dryRun(...args) {
      const ran = await place.muster('reconcile', '--dry-run', '-o', 'json', ...args);
      return { ran, plan: json(ran) as Plan };
    },
    pid: async () => (await place.status()).pid,
    async kill() {
      const pid = await place.pid();
      process.kill(pid, 'SIGKILL');
      await until(() => !isAlive(pid), `daemon ${pid} is gone`);
    },
    processes: () => processesOf(placeMark, 'MUSTER_LEASE='),
    async [Symbol.asyncDispose]() {
      const left = await place.muster('down').catch(() => null);
      for (const pid of await processesOf(placeMark)) killQuietly(pid);
      await rm(dir, { recursive: true, force: true, maxRetries: 5 });
      if (left !== null && left.code !== 0 && left.code !== 3) throw new Error(`down exited ${left.code}: ${left.stderr}`);
    },
  };
  if (config !== undefined) await place.write('muster.yaml', config);
  return place;
}

async function asked(stateDir: string, topic: string): Promise<unknown> {
  const client = await connect({ path: join(stateDir, 'muster.sock') });
  try {
    return await client.request(topic, {});
  } finally {
    client.close();
  }
}

export function json(ran: Ran): unknown {
  try {
    return JSON.parse(ran.stdout);
  } catch {
    throw new Error(`no JSON (exit ${ran.code}): ${ran.stdout}\n${ran.stderr}`);
  }
}

function command(args: readonly string[], stateDir: string, options: RunOptions & { cwd: string }): Promise<Ran> {
  const { cwd, env = {}, stdin = '', through } = options;
  if (!isAsking(args) || through !== undefined) return run([cli, ...args], stateDir, options);
  return ask(args, { env: surroundings(stateDir, env), cwd, stdin, program: cli });
}

/** An environment in which only this state dir is known. */
function surroundings(stateDir: string, more: Readonly<Record<string, string>>): Record<string, string | undefined> {
  const { MUSTER_CONFIG, MUSTER_DAEMON, NODE_OPTIONS, VITEST, NODE_ENV, ...base } = process.env;
  return { ...base, MUSTER_STATE_DIR: stateDir, NO_COLOR: '1', ...more };
}

/** Runs node on these arguments with an environment in which only this state dir is known. */
export function run(argv: readonly string[], stateDir: string, { env = {}, cwd, stdin, through = [] }: RunOptions): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const [file = '', ...args] = [...through, process.execPath, ...argv];
    const child = spawn(file, args, { cwd, env: surroundings(stateDir, env), stdio: 'pipe' });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (stdout += chunk));
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
    child.stdin.end(stdin ?? '');
  });
}

/** Waits until something holds, looking often; throws with `what` after `timeoutMs`, which is only against what hangs. */
export async function until(holds: () => boolean | Promise<boolean>, what: string, timeoutMs = 60_000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  for (let pauseMs = 5; !(await holds()); pauseMs = Math.min(2 * pauseMs, 80)) {
    if (Date.now() > deadline) throw new Error(`waited ${timeoutMs} ms in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

/** Processes that carry all of these in their environment: the daemon of a state dir, or what runs under a variable. */
export async function processesOf(...texts: string[]): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  return pids.map(Number).filter((pid) => {
    try {
      const environ = readFileSync(`/proc/${pid}/environ`, 'utf8');
      return texts.every((text) => environ.includes(text)) && isAlive(pid);
    } catch {
      return false;
    }
  });
}

export function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself.
  }
}
