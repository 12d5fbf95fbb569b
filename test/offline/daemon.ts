import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createConfigCompiler } from '../../src/config/compiler.ts';
import { createEngine, type Engine } from '../../src/engine/engine.ts';
import { exportState } from '../../src/engine/export.ts';
import { hold, stop } from '../../src/engine/holds.ts';
import { load } from '../../src/engine/load.ts';
import { dryRun } from '../../src/engine/reconcile.ts';
import { remove } from '../../src/engine/remove.ts';
import { set } from '../../src/engine/settings.ts';
import { createInstances } from '../../src/instances/instances.ts';
import type { Launch } from '../../src/model/driver.ts';
import { MusterError } from '../../src/model/error.ts';
import type { Desired } from '../../src/model/module.ts';
import type { Plan, Result } from '../../src/model/plan.ts';
import type { Request } from '../../src/model/plan-input.ts';
import type { StateDoc } from '../../src/model/state-doc.ts';
import { planFiles } from '../../src/offline/main.ts';
import { createResolver, type Resolver } from '../../src/resolve/resolver.ts';
import { createFileReader } from '../../src/sources/files.ts';
import { createTextReader } from '../../src/sources/texts.ts';
import { openStore } from '../../src/store/store.ts';
import { noPackages } from '../engine/no-packages.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { type Behaviour, createFakeDriver } from '../support/fake-driver.ts';
import { createMemoryDisk } from '../support/memory-disk.ts';
import { quiet } from '../support/quiet.ts';
import { seeded } from '../support/seeded.ts';
import type { Deed } from './random-files.ts';

export type Files = Readonly<Record<string, string>>;

/** An engine that reads real files and only pretends to run modules; and a checkout of its config in another folder. */
export interface Daemon extends AsyncDisposable {
  readonly engine: Engine;
  /** The folder of its config, and that of the checkout. */
  readonly home: string;
  readonly checkout: string;
  /** Writes the files in both folders: they are all the config that there is. */
  write(files: Files): Promise<void>;
  reconcile(): Promise<Result>;
  export(): StateDoc;
  /** Does it by hand, if it can be done. */
  deed(deed: Deed): Promise<void>;
  /** What the daemon would do. */
  plan(request?: Partial<Request>): Promise<Plan>;
  /** What is planned of the checkout against the exported state. */
  planElsewhere(request?: Partial<Request>): Promise<Plan>;
}

const old = new Date(1_700_000_000_000);

export async function createDaemon(env: Readonly<Record<string, string>>, behave?: (launch: Launch) => Behaviour): Promise<Daemon> {
  const folder = await mkdtemp(join(tmpdir(), 'muster-export-'));
  const [home, checkout] = [join(folder, 'etc'), join(folder, 'checkout')];
  const clock = createFakeClock();
  const random = seeded(1);
  const driver = createFakeDriver(clock, behave ?? (() => ({ reconfigurable: true })));
  const store = await openStore({ disk: createMemoryDisk(), random, log: quiet });
  const settingsOf = (name: string) => store.state.settings.get(name);
  const resolver = createResolver({
    codeDir: join(folder, 'code'),
    key: 'k',
    env,
    builtinDir: join(folder, 'none'),
    log: quiet,
    settingsOf,
  });
  const material = async () => ({ env: {}, config: {}, codeFile: null });
  const reader = createFileReader({ clock: { now: Date.now, after: clock.after }, settleMs: 0 });
  const compiler = createConfigCompiler({ env, reader });
  const main = join(home, 'muster.yaml');
  const engine = createEngine({
    ...{ clock, random, log: quiet, store },
    instances: createInstances({ clock, random, drivers: { code: driver, command: driver }, log: quiet }),
    materials: { material, restore: material },
    planSeal: { seal: (text) => text, open: (sealed) => sealed },
    masked: (data) => data,
    sources: {
      ...noPackages,
      files: [main],
      async read() {
        const outcome = await compiler.compile([main]);
        return outcome.ok ? { ok: true, wanted: { config: outcome.config, desired: await resolver.resolve(outcome.config) } } : outcome;
      },
      byHand: ({ name, raw }) => byHand(name, raw, env, resolver),
      withArgs: async (desired) => desired,
      withSettings: resolver.withSettings,
      sealed: resolver.sealed,
      afresh: resolver.afresh,
      recall: resolver.recall,
      watchCode() {},
      locate: async (target) => ({ name: target, module: target }),
    },
    pruneCode: async () => {},
    host: 'web1',
    env: new Set(Object.keys(env)),
    defaultConcurrency: 4,
  });
  let count = 0;
  const asked = (request: Partial<Request>) => ({ reason: null, by: null, request: { retryFailed: true, ...request } });
  return {
    engine,
    home,
    checkout,
    async write(files) {
      count += 1;
      // Another time each time, and long ago, so that nothing is waited for.
      const time = new Date(old.getTime() + count * 10_000);
      for (const root of [home, checkout]) {
        await rm(root, { recursive: true, force: true });
        for (const [file, text] of Object.entries(files)) {
          await mkdir(dirname(join(root, file)), { recursive: true });
          await writeFile(join(root, file), text);
          await utimes(join(root, file), time, time);
        }
      }
    },
    reconcile: () => engine.runs.request({ key: 'plain', trigger: 'reconcile', options: asked({}) }),
    export: () => exportState(engine.context),
    async deed(deed) {
      const { context } = engine;
      const { name } = deed;
      const names = [name];
      const byHand = { target: name, args: ['sleep', '9'], command: true, cwd: home };
      await {
        hold: () => hold(name === '*' ? { all: true, reason: 'r' } : { names, reason: 'r' }, context),
        load: () => load(byHand, {}, context),
        remove: () => remove({ names }, {}, context),
        stop: () => stop({ names }, context),
        set: () => set({ name, key: 'key' in deed ? deed.key : '', value: 'by hand' }, {}, context),
      }
        [deed.do]()
        .catch(onlyRefused);
    },
    plan: (request = {}) => dryRun(asked(request), engine.context),
    async planElsewhere(request = {}) {
      await writeFile(join(folder, 'state.json'), JSON.stringify(exportState(engine.context)));
      const at = { env, cwd: checkout, home: folder, uid: 1000 };
      return planFiles({ base: [join(folder, 'state.json')], files: [join(checkout, 'muster.yaml')] }, request, at);
    },
    async [Symbol.asyncDispose]() {
      await resolver.dispose();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function byHand(name: string, raw: object, env: Readonly<Record<string, string>>, resolver: Resolver): Promise<Desired> {
  const text = { path: '/by-hand.yaml', text: `${JSON.stringify({ version: 1, modules: { [name]: raw } })}\n`, sha256: '' };
  const outcome = await createConfigCompiler({ env, reader: createTextReader([text]) }).compile([text.path]);
  const declared = outcome.ok ? outcome.config.modules.get(name) : undefined;
  if (declared === undefined) throw new Error(`cannot compile ${name}`);
  return resolver.resolveOne(declared.entry, null, []);
}

/** That a deed makes no sense here is no matter; a bug is. */
function onlyRefused(error: unknown): void {
  if (!(error instanceof MusterError)) throw error;
}
