import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import type { Log } from '../../../src/model/ports.ts';
import type { GitSpec, Source } from '../../../src/model/source.ts';
import { createGitSource, type GitSourceOptions } from '../../../src/sources/git/source.ts';
import { clock, keeper } from '../../keeper/support/keeper.ts';
import { freePort } from '../../support/free-port.ts';
import { quiet } from '../../support/quiet.ts';

export { clock };

/** Whether a program is there; why a test is skipped where it is not. */
export function has(program: string): boolean {
  try {
    execFileSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

export function tempDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'muster-git-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** Git as someone at work on the repository has it. */
export function gitAt(cwd: string, env: Record<string, string> = {}) {
  const author = {
    GIT_AUTHOR_NAME: 'Alice',
    GIT_AUTHOR_EMAIL: 'alice@example.com',
    GIT_COMMITTER_NAME: 'Alice',
    GIT_COMMITTER_EMAIL: 'alice@example.com',
  };
  const own = {
    PATH: process.env.PATH ?? '',
    HOME: cwd,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    LC_ALL: 'C',
    ...author,
    ...env,
  };
  return (...args: string[]): string =>
    execFileSync('git', args, { cwd, env: own, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 64 * 2 ** 20 }).trim();
}

export interface Repository {
  /** The bare one that is fetched from. */
  readonly bare: string;
  /** The tree of who works on it. */
  readonly work: string;
  readonly git: (...args: string[]) => string;
  /** Commits that change nothing, many at once. */
  turns(count: number): void;
  /** Writes files (null: removes) and commits; the commit. */
  commit(files: Record<string, string | null>, message?: string, ...options: string[]): string;
}

export const config = 'modules: {}\n';

export function repository(dir = tempDir()): Repository {
  const bare = join(dir, 'repo.git');
  const work = join(dir, 'work');
  mkdirSync(work);
  gitAt(dir)('init', '-q', '--bare', '--initial-branch=main', '--template=', bare);
  // Who works on it commits right into it: a push for each commit would take more time than what is tested.
  const git = gitAt(work, { GIT_DIR: bare, GIT_WORK_TREE: work });
  writeFileSync(
    join(bare, 'config'),
    `[core]\n\tbare = true\n[gc]\n\tauto = 0\n[maintenance]\n\tauto = false\n[remote "origin"]\n\turl = ${bare}\n`,
  );
  return {
    bare,
    work,
    git,
    turns(count) {
      const from = git('rev-parse', 'HEAD');
      const lines = Array.from({ length: count }, (_, turn) => {
        const parent = turn === 0 ? `from ${from}\n` : '';
        return `commit refs/heads/main\ncommitter Alice <alice@example.com> ${1.7e9 + turn} +0000\ndata 5\nTurn\n${parent}\n`;
      });
      execFileSync('git', [`--git-dir=${bare}`, 'fast-import', '--quiet'], { input: lines.join('') });
    },
    commit(files, message = 'Change it', ...options) {
      for (const [path, text] of Object.entries(files)) {
        if (text === null) {
          rmSync(join(work, path), { recursive: true });
          continue;
        }
        mkdirSync(dirname(join(work, path)), { recursive: true });
        writeFileSync(join(work, path), text);
      }
      git('add', '-A');
      git('commit', '-q', '--allow-empty', '-m', message, ...options);
      return git('rev-parse', 'HEAD');
    },
  };
}

export interface Logged {
  readonly log: Log;
  readonly lines: string[];
}

function logged(): Logged {
  const lines: string[] = [];
  const say = (fields: object, message: string): void => void lines.push(`${message} ${JSON.stringify(fields)}`);
  return { log: { ...quiet, info: say, warn: say, error: say }, lines };
}

export interface Asked extends Partial<Omit<GitSpec, 'url'>> {
  readonly url: string;
}

export interface Made {
  readonly source: Source;
  readonly dir: string;
  readonly lines: string[];
  readonly processes: ReturnType<typeof keeper>;
}

let count = 0;

/** A source below a folder of its own, as a daemon that starts now has it. One that is `mortal` is not closed. */
export async function sourceOf(
  asked: Asked,
  { mortal = false, ...more }: Partial<GitSourceOptions> & { mortal?: boolean } = {},
): Promise<Made> {
  const spec: GitSpec = {
    ...{ ref: { branch: 'main' }, path: 'muster.yaml', interval: 0, timeout: 60_000, verify: null, allow: { secrets: [], users: [] } },
    ...{ allowRewind: false, maxFetch: 2 ** 30, maxFiles: 50_000, maxSize: 2 ** 29, checkoutDir: null, credentials: null, webhook: null },
    ...asked,
  };
  const { log, lines } = logged();
  const processes = keeper();
  const dir = more.dir ?? join(tempDir(), 'source');
  count += 1;
  const turn = count;
  let ids = 0;
  const source = await createGitSource({
    spec,
    dir,
    keeper: processes.keeper,
    clock,
    random: {
      id: () => {
        ids += 1;
        return `git/${process.pid}-${turn}-${ids}`;
      },
    },
    log,
    env: { PATH: process.env.PATH },
    secret: async ({ secret }) => secret.replace(/^text:/, ''),
    ...more,
  });
  if (!mortal) onTestFinished(() => source.close());
  return { source, dir, lines, processes };
}

/** `git daemon` for the repositories below a folder; loopback alone. */
export async function gitDaemon(base: string): Promise<{ url: string; port: number; process: ChildProcess }> {
  for (let attempt = 0; ; attempt += 1) {
    const port = await freePort();
    const args = ['daemon', '--reuseaddr', '--export-all', '--listen=127.0.0.1', `--port=${port}`, `--base-path=${base}`, base];
    const daemon = spawn('git', args, { stdio: 'ignore', detached: true });
    onTestFinished(() => {
      if (daemon.pid !== undefined) killGroup(daemon.pid);
    });
    if (await answers(port, daemon)) return { url: `git://127.0.0.1:${port}`, port, process: daemon };
    if (attempt === 5) throw new Error('git daemon does not start');
  }
}

export function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It is gone already.
  }
}

async function answers(port: number, daemon: ChildProcess): Promise<boolean> {
  while (daemon.exitCode === null && daemon.signalCode === null) {
    if (await isOpen(port)) return true;
    await pause(20);
  }
  return false;
}

export async function isOpen(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  const there = await new Promise<boolean>((resolve) => {
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
  });
  socket.destroy();
  return there;
}

/** A wire to a port that is cut after so many bytes of answers; `hang`: it stays open and says nothing more. */
export async function cutWire(to: number, after: number, how: 'cut' | 'hang' = 'cut') {
  const sockets = new Set<Socket>();
  let left = after;
  const cutAfter = (bytes: number): void => {
    left = bytes;
  };
  const mend = (): void => {
    left = Number.POSITIVE_INFINITY;
  };
  let cut = (): void => {};
  const wasCut = new Promise<void>((resolve) => {
    cut = resolve;
  });
  const server = createServer((client) => {
    const upstream = connect(to, '127.0.0.1');
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => {});
    }
    client.pipe(upstream);
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => how === 'cut' && client.destroy());
    upstream.on('data', (chunk: Buffer) => {
      const part = chunk.subarray(0, Math.max(0, left));
      left -= chunk.length;
      if (part.length > 0) client.write(part);
      if (left >= 0) return;
      cut();
      if (how === 'cut') client.destroy();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { port: (server.address() as { port: number }).port, wasCut, cutAfter, mend };
}

/** What nobody removed: parts, locks, packs that were not finished. */
export function rubbish(own: string): string[] {
  return readdirSync(own, { recursive: true, encoding: 'utf8' }).filter((name) => /\.part-|\.lock$|tmp_|^tmp\//.test(name));
}
