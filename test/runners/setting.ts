import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import * as z from 'zod/mini';
import { type Bus, createBus } from '../../src/bus/bus.ts';
import type { Attached } from '../../src/model/bus.ts';
import type { Launch, Launched, LaunchHooks } from '../../src/model/driver.ts';
import { codeFields } from '../../src/model/fields/code.ts';
import type { CodeSpec } from '../../src/model/fields/table.ts';
import type { Child, Keeper } from '../../src/model/keeper.ts';
import type { Clock, Log } from '../../src/model/ports.ts';
import { createCodeStore } from '../../src/resolve/code-store.ts';
import { createCompiler } from '../../src/resolve/compile.ts';
import { lookOnce, sha256 } from '../../src/resolve/files.ts';
import { type CodeDriver, createCodeDriver } from '../../src/runners/code-driver.ts';
import { dial } from '../../src/socket/client.ts';
import { cli } from '../support/place.ts';
import { forkingKeeper } from './forking-keeper.ts';

export const root = join(import.meta.dirname, '..', '..');
const silent: Log = { debug() {}, info() {}, warn() {}, error() {} };
const realClock: Clock = {
  now: () => Date.now(),
  after(ms, fn) {
    const timer = setTimeout(fn, ms).unref();
    return { cancel: () => clearTimeout(timer) };
  },
};

/** The runner as it is shipped. */
export const runnerFile = join(dirname(cli), 'runner.cjs');

export interface Setting {
  readonly folder: string;
  readonly driver: CodeDriver;
  readonly bus: Bus;
  /** What the driver told the bus of each module, in order. */
  readonly told: string[];
  readonly runners: Child[];
  /** What each module wrote. */
  readonly written: Map<string, string>;
  start(name: string, code: string | { file: string }, options?: Options): Promise<Started>;
}

export interface Options extends Partial<Pick<Launch, 'args' | 'env' | 'config' | 'restored'>> {
  spec?: Partial<CodeSpec>;
  files?: Record<string, string>;
}

export interface Started extends Launched {
  readonly heard: string[];
}

function noted(attached: Attached, first: string, told: string[]): Attached {
  let name = first;
  const note = (what: string): void => void told.push(`${name} ${what}`);
  note('attached');
  return {
    begun: attached.begun,
    ready() {
      note('ready');
      attached.ready();
    },
    finalizing() {
      note('finalizing');
      attached.finalizing();
    },
    ended() {
      note('ended');
      attached.ended();
    },
    elsewhere() {
      note('elsewhere');
      attached.elsewhere();
    },
    rename(next) {
      note(`renamed to ${next}`);
      name = next;
      attached.rename(next);
    },
    update(spec) {
      note(`updated to priority ${spec.priority}, control ${spec.control}`);
      attached.update(spec);
    },
  };
}

export function createSetting(runnerFile: string, keeperOf: () => Keeper = () => forkingKeeper(), clock: Clock = realClock): Setting {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'muster-')));
  const runners: Child[] = [];
  const inner = keeperOf();
  const keeper: Keeper = {
    ...inner,
    async spawn(spec) {
      const child = await inner.spawn(spec);
      runners.push(child);
      return child;
    },
  };
  const written = new Map<string, string>();
  const bus = createBus({ clock, log: silent });
  const told: string[] = [];
  const driver = createCodeDriver({
    keeper,
    bus: { ...bus, attach: (party) => noted(bus.attach(party), party.name, told) },
    sockets: { folder, dial },
    runnerFile,
    logs: {
      open: (name) => ({
        write: (_, chunk) => void written.set(name, (written.get(name) ?? '') + Buffer.from(chunk).toString('utf8')),
        rename() {},
        close() {},
      }),
    },
    clock,
    random: { next: Math.random, id: randomUUID },
    log: silent,
    env: { PATH: process.env.PATH ?? '' },
    cwd: folder,
  });
  const compiler = createCompiler({ stat: (path) => lookOnce().stat(path) });
  const store = createCodeStore(join(folder, 'code'));
  onTestFinished(async () => {
    await driver.dispose();
    await inner.dispose();
    await compiler.dispose();
    rmSync(folder, { recursive: true, force: true });
  });

  async function start(name: string, code: string | { file: string }, options: Options = {}): Promise<Started> {
    const { spec, files = {}, args = [], env = {}, config = {}, restored = null } = options;
    const path = typeof code === 'string' ? join(folder, `${name}.ts`) : code.file;
    for (const [file, text] of Object.entries({ ...files, ...(typeof code === 'string' ? { [path]: code } : {}) })) {
      const target = file.startsWith('/') ? file : join(folder, file);
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, text);
    }
    const compiled = await compiler.compile(path);
    const digest = sha256(compiled.code);
    await store.keep(digest, compiled);
    const shape = Object.fromEntries(Object.entries(codeFields).map(([field, { schema }]) => [field, schema]));
    const whole = { ...(z.strictObject(shape).parse({ module: path }) as unknown as CodeSpec), ...spec };
    const launch: Launch = {
      name,
      lease: randomUUID(),
      kind: 'code',
      spec: whole,
      path,
      codeFile: store.path(digest),
      args,
      env,
      config,
      restored,
    };
    const heard: string[] = [];
    const hooks: LaunchHooks = {
      status: (level, text) => heard.push(`${level}: ${text}`),
      finalizing: () => heard.push('finalizing'),
      waiting() {},
      health() {},
      launched() {},
      extend() {},
    };
    return Object.assign(driver.start(launch, hooks), { heard });
  }
  return { folder, driver, bus, told, runners, written, start };
}
