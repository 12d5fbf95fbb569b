import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { build, type Plugin } from 'esbuild';
import { MusterError } from '../../src/model/error.ts';
import type { Log } from '../../src/model/ports.ts';
import { type SocketServer, serveSocket } from '../../src/socket/server.ts';

export interface Run {
  code: number | null;
  signal: NodeJS.Signals | null;
  out: string;
  err: string;
}

export interface Request {
  topic: string;
  payload: Record<string, unknown>;
}

type Answer = (payload: Record<string, unknown>, part: (payload: unknown) => Promise<void>, signal: AbortSignal) => unknown;

/** The built client against a daemon that only answers: it keeps what it was asked and gives what it is told to. */
export interface Bench {
  readonly folder: string;
  readonly stateDir: string;
  readonly asked: Request[];
  /** By method of muster, or by topic of a module; what is thrown crosses the socket as an error. */
  readonly answers: Record<string, Answer>;
  muster(args: readonly string[], options?: { env?: Record<string, string>; elsewhere?: boolean; stdin?: string | Readable }): Promise<Run>;
  dispose(): Promise<void>;
}

const silent: Log = { debug() {}, info() {}, warn() {}, error() {} };

/** As in the build: parts that are loaded when needed are neighbouring files; what they are is up to the test. */
const lazyParts: Plugin = {
  name: 'lazy-parts',
  setup({ onResolve }) {
    onResolve({ filter: /\/(offline|daemon)\/main\.ts$/ }, ({ path }) => ({
      path: path.includes('/daemon/') ? './daemon.cjs' : './offline.cjs',
      external: true,
    }));
  },
};

export async function makeBench(): Promise<Bench> {
  const folder = await mkdtemp(join(tmpdir(), 'muster-cli-'));
  const script = join(folder, 'cli.cjs');
  await build({
    entryPoints: [join(import.meta.dirname, '../../src/cli/main.ts')],
    outfile: script,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20.19',
    plugins: [lazyParts],
    define: { 'import.meta.url': '""' },
    logLevel: 'warning',
  });
  const asked: Request[] = [];
  const answers: Record<string, Answer> = {};
  const server = await serveSocket({
    path: join(folder, 'muster.sock'),
    log: silent,
    async onRequest(request, reply) {
      const payload = request.payload as Record<string, unknown>;
      asked.push({ topic: request.topic, payload });
      try {
        const answer = answers[request.topic.replace(/^muster\./, '')];
        if (answer === undefined) throw new MusterError('ENOSYS', `no method ${request.topic}`);
        reply.send(await answer(payload, (part) => reply.part(part), reply.signal));
      } catch (error) {
        reply.fail(error as Error);
      }
    },
  });
  return { folder, stateDir: folder, asked, answers, muster: runner(script, folder), dispose: () => dispose(server, folder) };
}

function runner(script: string, folder: string): Bench['muster'] {
  return (args, { env = {}, elsewhere = false, stdin = '' } = {}) => {
    const child = spawn(process.execPath, [script, ...args], {
      cwd: folder,
      env: {
        PATH: process.env.PATH,
        HOME: folder,
        MUSTER_BY: 'alice@desk',
        MUSTER_STATE_DIR: elsewhere ? join(folder, 'elsewhere') : folder,
        ...env,
      },
      stdio: 'pipe',
    });
    child.stdin.on('error', () => {}); // one that does not read it may be gone before it is written
    if (typeof stdin === 'string') child.stdin.end(stdin);
    else stdin.pipe(child.stdin);
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk) => (out += chunk));
    child.stderr.on('data', (chunk) => (err += chunk));
    return new Promise((resolve) => child.once('close', (code, signal) => resolve({ code, signal, out, err })));
  };
}

async function dispose(server: SocketServer, folder: string): Promise<void> {
  await server.close(0);
  await rm(folder, { recursive: true });
}
