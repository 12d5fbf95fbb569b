import { mkdirSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { availableParallelism, hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { shown as asShown } from '../api/shown.ts';
import { createBus } from '../bus/bus.ts';
import { createConfigCompiler } from '../config/compiler.ts';
import { alternativesOf } from '../engine/context.ts';
import { createEngine } from '../engine/engine.ts';
import { createInstances } from '../instances/instances.ts';
import { createCommandDriver } from '../keeper/command/driver.ts';
import { unable } from '../keeper/command/unable.ts';
import { createLogs } from '../keeper/logs/logs.ts';
import { fifoFolder, keeperSocket } from '../keeper/places.ts';
import { createRemoteKeeper } from '../keeper/remote.ts';
import type { SecretRef } from '../model/fields/kit.ts';
import type { LeaseLog } from '../model/keeper.ts';
import { createMasking } from '../model/mask/mask.ts';
import type { Log } from '../model/ports.ts';
import type { Alternatives } from '../model/requires.ts';
import type { GitSpec } from '../model/source.ts';
import type { UpOptions } from '../model/up.ts';
import { createPackageDriver } from '../packages/driver.ts';
import { createPackages } from '../packages/packages.ts';
import { createWired } from '../packages/wire/program.ts';
import { nameIn } from '../resolve/exports.ts';
import { createResolver } from '../resolve/resolver.ts';
import { createSecretProgram } from '../resolve/secret-program.ts';
import { createCodeDriver } from '../runners/code-driver.ts';
import { dial } from '../socket/client.ts';
import { createFileReader } from '../sources/files.ts';
import { createGitSource } from '../sources/git/source.ts';
import { openAudit } from '../store/audit.ts';
import { openDisk } from '../store/disk.ts';
import { loadKey } from '../store/key.ts';
import { openStore, type Store } from '../store/store.ts';
import { veiledDisk } from '../store/veiled-disk.ts';
import type { Heritage } from './handover/heritage.ts';
import { pausable } from './handover/pausable-clock.ts';
import { createInspector } from './inspect.ts';
import { logsTotal } from './logs-total.ts';
import { maskedDriver } from './masked-driver.ts';
import { leaseOwner } from './owner.ts';
import { writeOrRemove } from './package-files.ts';
import { packageLook } from './package-look.ts';
import { createPlanSeal } from './plan-seal.ts';
import { createTelling } from './telling.ts';
import { createUnfinishedSaves, undoUnfinished } from './unfinished-saves.ts';
import { together, veilOf } from './veil.ts';
import { createSources } from './wanted.ts';
import { systemClock, systemRandom } from './world.ts';

/** Where the built files of muster lie. */
const dist = dirname(fileURLToPath(import.meta.url));
/** Parallel starts per core: most of a start is waiting. */
const perCore = 32;

export interface PartsOptions {
  up: UpOptions;
  files: readonly string[];
  createLog(mask: (text: string) => string): Log;
  onRead(watched: readonly string[]): void;
  onSource(spec: GitSpec | null): void;
  /** What another daemon runs: nothing happens by the time before `goOn`. */
  heritage: Heritage | null;
}

/** Everything the daemon is made of, put together and not yet started. */
export async function createParts({ up, files, createLog, onRead, onSource, heritage }: PartsOptions) {
  const clock = pausable(systemClock, heritage !== null);
  const known = heritage?.secrets ?? [];
  let secrets: () => readonly string[] = () => known;
  const { mask, inParts } = createMasking(() => secrets());
  const log = createLog(mask);
  const disk = openDisk(up.stateDir);
  const key = await loadKey(disk);
  const veiled = veiledDisk(disk, veilOf(key, mask));
  const store = await openStore({ disk: veiled, random: systemRandom, log });
  if (heritage === null) await undoUnfinished(veiled, writeOrRemove, log);
  const audit = await openAudit({ disk, clock: systemClock, log });
  const logs = createLogs({ dir: join(up.stateDir, 'log'), clock: systemClock, log, most: logsTotal(up.env), inParts });
  const owner = await leaseOwner(key, up.stateDir);
  const random = { ...systemRandom, id: () => `${owner}${systemRandom.id()}` };
  const leases = leasesOf(store, log);
  const keeper = createRemoteKeeper({
    stateDir: up.stateDir,
    keeperFile: join(dist, 'keeper.cjs'),
    fifoDir: join(up.stateDir, fifoFolder),
    dial: () => dial(join(up.stateDir, keeperSocket)),
    path: up.env.PATH,
    leases,
    owner,
    newId: () => random.id(),
    clock: systemClock,
    log,
  });
  const packages = createPackages({
    dir: join(up.stateDir, 'packages'),
    keeper,
    ...{
      clock: systemClock,
      random,
      log,
      env: up.env,
      look: packageLook,
      node: process.execPath,
      nodeVersion: process.version,
      cpus: availableParallelism(),
    },
  });
  const resolver = createResolver({
    codeDir: join(up.stateDir, 'code'),
    key,
    env: up.env,
    builtinDir: join(dist, 'builtin'),
    log,
    unable,
    secretProgram: createSecretProgram({ keeper, clock: systemClock, random, env: up.env, cwd: up.cwd }),
    packages,
    settingsOf: (name) => store.state.settings.get(name),
  });
  secrets = together(known, resolver.knownSecrets);
  let alternatives: Alternatives = new Map(heritage?.alternatives);
  const bus = createBus({ clock, log, preferred: (service) => alternatives.get(service) ?? null });
  const drivers = {
    command: createCommandDriver({ keeper, logs, clock, random, log, mask, inParts, owner }),
    code: createCodeDriver({
      keeper,
      sockets: { folder: emptied(join(up.stateDir, 'runner'), heritage !== null), dial },
      bus,
      logs,
      clock,
      random,
      log,
      runnerFile: join(dist, 'runner.cjs'),
      env: up.env,
    }),
  };
  const homes = join(up.stateDir, 'pm2');
  const wired = createWired({
    sockets: emptied(join(up.stateDir, 'wire'), heritage !== null),
    homes,
    ...{ clock, log, dial, mask },
    said: (event) => engine.context.events.emit({ ...event, ...(asShown(event, mask) as typeof event) }),
    traced(name, direction, message) {
      if (!bus.tracers.active) return;
      const { type } = (typeof message === 'object' && message !== null ? message : {}) as { type?: unknown };
      const topic = `${name}.${typeof type === 'string' ? type : 'message'}`;
      const [from, to] = direction === 'from' ? [name, 'muster'] : ['muster', name];
      bus.tracers.told(name, { topic, from, to, payload: message });
    },
  });
  const ofPackages = createPackageDriver({ ...drivers, clock, wired });
  const shownBy = {
    command: maskedDriver(drivers.command, mask),
    code: maskedDriver(drivers.code, mask),
    package: maskedDriver(ofPackages, mask),
  };
  const inspector = createInspector(join(dist, 'builtin'));
  const instances = createInstances({
    clock,
    random,
    drivers: shownBy,
    log,
    inspect: inspector.facts,
    services: bus,
    alternatives: () => alternatives,
  });
  const compiler = createConfigCompiler({ env: up.env, reader: createFileReader({ clock: systemClock }) });
  const secret = (ref: SecretRef): Promise<string> => resolver.secret(ref);
  const openSource = (spec: GitSpec) =>
    createGitSource({ spec, dir: join(up.stateDir, 'source'), keeper, clock: systemClock, random: systemRandom, log, env: up.env, secret });
  const sources = createSources({
    ...{ files, compiler, resolver, packages, env: up.env, onRead, onModules: keeper.prepare, nameIn },
    ...{ openSource, onSource, unfinished: createUnfinishedSaves(veiled) },
  });
  const masked = (data: unknown): unknown => (mask(JSON.stringify(data)) === JSON.stringify(data) ? data : asShown(data, mask));
  const notifier = await createTelling({
    ...{ disk, stateDir: up.stateDir, key, log, keeper, random, env: up.env, secret, masked },
    about: () => ({
      daemon: { id: store.state.daemonId, name: up.daemonName, host: hostname() },
      generation: store.state.generation,
      revision: engine.context.generation?.revision ?? null,
    }),
  });
  if (heritage !== null) await notifier.pause();
  const engine = createEngine({
    clock,
    random: systemRandom,
    log,
    store,
    audit,
    tell: notifier.happened,
    instances,
    planSeal: createPlanSeal(key),
    masked,
    materials: { material: (desired) => resolver.material(desired), restore: (record) => resolver.restoreMaterial(record) },
    sources,
    async pruneCode({ digests, paths, done }) {
      await resolver.pruneCode(digests);
      await packages.prune(paths, done);
    },
    hasInstalls: packages.any,
    async purgeFiles(names) {
      for (const name of names) await rm(join(homes, name), { recursive: true, force: true });
    },
    ran() {
      alternatives = alternativesOf(engine.context);
      bus.reconsider();
      const { outcome } = engine.context;
      if (outcome?.ok === true) notifier.configure(outcome.wanted.config.notify ?? []);
    },
    host: hostname(),
    env: new Set(Object.keys(up.env).filter((name) => up.env[name] !== undefined)),
    defaultConcurrency: availableParallelism() * perCore,
  });
  const dispose = async (): Promise<void> => {
    await notifier.pause();
    await instances.dispose();
    await drivers.code.dispose();
    await drivers.command.dispose();
    await keeper.dispose();
    await close();
  };
  /** What is not of this machine alone; modules and their processes live on. */
  const close = async (): Promise<void> => {
    await notifier.close();
    await sources.close();
    await drivers.command.dispose();
    await logs.close();
    await resolver.dispose();
    await audit.close();
    await store.close();
  };
  const shown = { secrets: () => secrets(), alternatives: () => alternatives };
  return {
    engine,
    bus,
    notifier,
    sources,
    clock,
    code: drivers.code,
    keeper,
    instances,
    inspector,
    store,
    logs,
    log,
    mask,
    shown,
    secret,
    close,
    dispose,
  };
}

export type Parts = Awaited<ReturnType<typeof createParts>>;

/** A folder of sockets. What is there is of programs that are no more, unless another daemon hands them over. */
function emptied(folder: string, areLeft: boolean): string {
  if (!areLeft) rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return folder;
}

/** Leases go into the journal: durable before the start, facts with the next sync. */
function leasesOf(store: Store, log: Log): LeaseLog {
  return {
    // A full disk must not keep what crashed from being started again.
    begin: (lease) =>
      store
        .append({ type: 'lease', lease })
        .catch((error: unknown) => log.warn({ err: error, lease: lease.id }, 'a lease is not in the journal')),
    started: (lease) => store.appendLater({ type: 'lease', lease }),
    ended: (id) => {
      log.debug({ lease: id }, 'lease ended');
      store.appendLater({ type: 'leaseEnded', id });
    },
  };
}
