import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { onTestFinished } from 'vitest';
import type { WireError } from '../../../src/model/error.ts';
import { createCompiler } from '../../../src/resolve/compile.ts';
import { lookOnce } from '../../../src/resolve/files.ts';
import { createCreditsBuffer, createMeterBuffer, metersPerBuffer } from '../../../src/runners/inside/meter.ts';
import { open, seal } from '../../../src/runners/inside/seal.ts';
import type { FromModule, FromRealm, Posted, RealmData, Start, ToModule, ToRealm } from '../../../src/runners/protocol.ts';
import { cli } from '../../support/place.ts';

type Settled = Extract<FromRealm, { type: 'settled' }>;

/** The program of a realm as it is shipped. */
export const realmFile = join(dirname(cli), 'realm.cjs');

/** One realm, and the least of what a runner does for it. */
export interface TestRealm {
  readonly worker: Worker;
  readonly folder: string;
  readonly heard: FromRealm[];
  /** Output of the thread itself. */
  thread(): string;
  /** Messages that came in one piece. */
  readonly batches: (readonly FromRealm[])[];
  readonly exited: Promise<{ code: number; error: Error | null }>;
  post(...messages: ToRealm[]): void;
  /** Compiles and starts a module; the code is that of `NAME.ts`. */
  start(name: string, code: string, options?: StartOptions): Promise<TestModule>;
  startCompiled(start: Start, hosted?: boolean): TestModule;
  /** As the daemon asks a module; rejects with the error that is answered. */
  ask(module: TestModule, method: string, payload?: unknown): Promise<unknown>;
}

export interface StartOptions extends Partial<Omit<Start, 'name'>> {
  hosted?: boolean;
  /** By path beside the entry. */
  files?: Record<string, string>;
}

export interface TestModule {
  readonly id: number;
  readonly start: Start;
  readonly settled: Promise<Settled>;
  send(message: ToModule): void;
  /** What it said, in order. */
  said(): FromModule[];
  /** Resolves with the first message of this type. */
  says<T extends FromModule['type']>(type: T, call?: number): Promise<Extract<FromModule, { type: T }>>;
  /** What it wrote over the port of its realm. */
  wrote(stream?: 'stdout' | 'stderr'): string;
  stop(): Promise<Settled>;
}

export interface RealmOptions {
  shared?: boolean;
  /** Acknowledge output as it comes; true where not said otherwise. */
  acknowledge?: boolean;
  /** Services that somebody else has already. */
  taken?: readonly string[];
}

let lastId = 0;
let lastAsked = 0;
let buffer = createMeterBuffer();

export function openRealm(file: string, { shared = false, acknowledge = true, taken = [] }: RealmOptions = {}): TestRealm {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'muster-')));
  const compiler = createCompiler({ stat: (path) => lookOnce().stat(path) });
  const data: RealmData = { realm: 1, shared, credits: createCreditsBuffer() };
  const worker = new Worker(file, { workerData: data, stdout: true, stderr: true, env: {} });
  const heard: FromRealm[] = [];
  const batches: (readonly FromRealm[])[] = [];
  const waiting = new Set<(news: readonly FromRealm[]) => void>();
  let threadOutput = '';
  let error: Error | null = null;

  for (const stream of [worker.stdout, worker.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      threadOutput += chunk.toString('utf8');
    });
  }
  worker.on('message', (posted: Posted | null) => {
    const messages = posted?.muster ?? [];
    batches.push(messages);
    for (const message of messages) {
      heard.push(message);
      if (message.type === 'output' && acknowledge) post({ type: 'wrote', id: message.id, bytes: message.chunk.length });
      if (message.type === 'register') post({ type: 'registered', call: message.call, error: registration(message.service) });
    }
    for (const look of waiting) look(messages);
  });
  worker.on('error', (thrown: Error) => {
    error = thrown;
  });
  const exited = new Promise<{ code: number; error: Error | null }>((resolve) => {
    worker.on('exit', (code) => resolve({ code, error }));
  });
  onTestFinished(async () => {
    await worker.terminate();
    await compiler.dispose();
    rmSync(folder, { recursive: true, force: true });
  });

  function registration(service: string): WireError | null {
    return taken.includes(service) ? { code: 'EEXIST', message: `service "${service}" is that of "holder"` } : null;
  }

  function post(...messages: ToRealm[]): void {
    worker.postMessage(messages);
  }

  /** Resolves with the first message, heard already or yet to come, of which `find` makes something. */
  function until<T>(find: (message: FromRealm) => T | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      const look = (messages: readonly FromRealm[]): void => {
        for (const message of messages) {
          const found = find(message);
          if (found === undefined) continue;
          waiting.delete(look);
          resolve(found);
          return;
        }
      };
      waiting.add(look);
      void exited.then(({ code, error: why }) => reject(why ?? new Error(`the realm exited with code ${code}`)));
      look(heard);
    });
  }

  function moduleOf(id: number, start: Start): TestModule {
    const said = (): FromModule[] => heard.flatMap((one) => (one.type === 'fromModule' && one.id === id ? [one.message] : []));
    const settled = (): Promise<Settled> => until((one) => (one.type === 'settled' && one.id === id ? one : undefined));
    return {
      id,
      start,
      get settled() {
        return settled();
      },
      said,
      send: (message) => post({ type: 'toModule', id, message }),
      says<T extends FromModule['type']>(type: T, call?: number) {
        const fits = (one: FromModule): one is Extract<FromModule, { type: T }> =>
          one.type === type && (call === undefined || ('call' in one && one.call === call));
        return until((one) => (one.type === 'fromModule' && one.id === id && fits(one.message) ? one.message : undefined));
      },
      wrote: (stream) =>
        heard
          .flatMap((one) =>
            one.type === 'output' && one.id === id && (stream === undefined || one.stream === stream) ? [Buffer.from(one.chunk)] : [],
          )
          .join(''),
      stop() {
        post({ type: 'toModule', id, message: { type: 'stop' } });
        return settled();
      },
    };
  }

  function startCompiled(start: Start, hosted = false): TestModule {
    lastId += 1;
    if (lastId % metersPerBuffer === 0) buffer = createMeterBuffer();
    post({ type: 'start', id: lastId, start, meter: { buffer, index: lastId % metersPerBuffer }, hosted });
    return moduleOf(lastId, start);
  }

  return {
    worker,
    folder,
    heard,
    batches,
    exited,
    post,
    startCompiled,
    thread: () => threadOutput,
    async ask({ id: to, start: { name } }, method, payload) {
      lastAsked += 1;
      const id = lastAsked;
      post(...seal([['request', to, 0, id, name, `${name}.${method}`, payload, 'muster']], () => {}));
      const answer = await until((one) =>
        one.type === 'sealed' && one.to === 0 ? open(one).find((packet) => packet[3] === id) : undefined,
      );
      if (answer[0] === 'answer') return answer[4];
      throw answer[0] === 'failure' ? Object.assign(new Error(answer[4].message), answer[4]) : new Error(answer[0]);
    },
    async start(name, code, { hosted = false, files = {}, ...rest } = {}) {
      const path = join(folder, `${name}.ts`);
      for (const [place, text] of Object.entries({ ...files, [path]: code }))
        writeFileSync(join(place.startsWith('/') ? '/' : folder, place), text);
      const { code: text, map } = await compiler.compile(path);
      const codeFile = join(folder, `${name}.${lastId}.compiled.cjs`);
      writeFileSync(codeFile, text);
      writeFileSync(`${codeFile}.map`, map);
      const start: Start = {
        name,
        path,
        codeFile,
        args: [],
        env: {},
        config: {},
        maxHeap: null,
        expectName: null,
        restored: null,
        ...rest,
      };
      return startCompiled(start, hosted);
    },
  };
}
