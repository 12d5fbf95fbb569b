import { rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { createApi } from '../api/api.ts';
import { audit } from '../engine/audit.ts';
import type { Engine } from '../engine/engine.ts';
import { createStatus } from '../engine/status.ts';
import { cgroupAccess } from '../keeper/cgroup/access.ts';
import { findRoot } from '../keeper/cgroup/root.ts';
import { usageOf } from '../keeper/usage.ts';
import { deferred } from '../model/deferred.ts';
import type { Diagnostic } from '../model/diagnostic.ts';
import type { Containment, DownDoc } from '../model/documents.ts';
import { MusterError } from '../model/error.ts';
import { exitCode } from '../model/exit-code.ts';
import { maskedDocument, maskedJson } from '../model/mask/json.ts';
import { handoverSocketOf, socketOf } from '../model/places.ts';
import type { Result } from '../model/plan.ts';
import type { GitSpec } from '../model/source.ts';
import type { UpOptions } from '../model/up.ts';
import { version } from '../model/version.ts';
import { exportsOf } from '../resolve/exports.ts';
import { serveSocket } from '../socket/server.ts';
import { locateConfig } from '../sources/locate.ts';
import { watchFiles } from '../sources/watch.ts';
import type { Lock } from '../store/lock.ts';
import { prepareStateDir } from '../store/state-dir.ts';
import { whenDisplaced } from './displaced.ts';
import { groupId } from './group.ts';
import { begin, reclaim } from './handover/begin.ts';
import type { Heritage } from './handover/heritage.ts';
import { goOn, inherit } from './handover/inherit.ts';
import { createPassing } from './handover/passing.ts';
import type { Successor } from './handover/successor.ts';
import type { Succession } from './handover/take-over.ts';
import { createDaemonLog } from './log.ts';
import { createParts, type Parts } from './parts.ts';
import { createReloads } from './reloads.ts';
import { createService } from './service.ts';
import { onSignals } from './signals.ts';
import { createFollowing } from './source/following.ts';
import { stopOnce } from './stopping.ts';
import { createServiceManager } from './systemd.ts';
import { systemClock, systemRandom } from './world.ts';

/** Runs the daemon until it is told to stop; resolves with the exit code. */
export async function runDaemon(options: UpOptions): Promise<number> {
  const { env, cwd, stateDir } = options;
  const files = await locateConfig({ files: options.files, env, cwd, home: homedir(), uid: process.getuid?.() ?? 0 });
  await prepareStateDir(stateDir);
  // No timer of the clock port keeps the process alive: a daemon that only waits for one would otherwise end unasked.
  const alive = setInterval(() => {}, 2 ** 30);
  const about = { pid: process.pid, config: files.join(', ') };
  const { lock, succession } = await begin(options, files, about);
  let own = lock;
  try {
    let from = succession;
    for (;;) {
      const end = await runLocked(options, files, own, from);
      if (typeof end === 'number') return end;
      if (await end.successor.give(end.heritage)) return exitCode.ok;
      // The other one is gone, and has begun with nothing.
      if (!(await own.isInPlace())) own = await reclaim(stateDir, about, own);
      const over = () => rm(handoverSocketOf(stateDir), { force: true });
      from = { heritage: end.heritage, before: null, confirm: async () => {}, over };
    }
  } finally {
    clearInterval(alive);
    await own.release();
  }
}

/** What a daemon passes on that another one takes over from. */
interface Passed {
  readonly successor: Successor;
  readonly heritage: Heritage;
}

/** What the config says to look at; not looked at before this daemon answers. */
interface Watcher {
  watch(paths: readonly string[]): void;
  follow(source: GitSpec | null): void;
}

async function runLocked(
  options: UpOptions,
  files: readonly string[],
  lock: Lock,
  succession: Succession | null,
): Promise<number | Passed> {
  const watcher: Watcher = { watch: () => {}, follow: () => {} };
  const parts = await createParts({
    up: options,
    files,
    createLog: (mask) => createDaemonLog({ terminal: options.terminal, level: options.env.MUSTER_LOG_LEVEL ?? 'info', mask }),
    onRead: (paths) => watcher.watch(paths),
    onSource: (spec) => watcher.follow(spec),
    heritage: succession?.heritage ?? null,
  });
  // Until then all is still another daemon's, and nothing is to be ended here.
  let isOurs = succession === null;
  try {
    if (succession === null) {
      await parts.keeper.sweep([...parts.store.state.leases.values()]);
      await parts.engine.restore();
    } else {
      await inherit(parts, succession.heritage);
      if (succession.before !== null) await lock.install();
      // Before the other one ends: else its end would be that of the service.
      await createServiceManager(options.env, parts.log).taken();
      await succession.confirm();
      parts.log.info({ from: succession.before }, succession.before === null ? 'the other daemon is gone; this one goes on' : 'took over');
      isOurs = true;
      if (succession.before !== null) await audit({ trigger: 'takeOver', params: { from: succession.before } }, null, parts.engine.context);
    }
    const end = await untilStopped(options, parts, watcher, succession, lock);
    if (typeof end !== 'number') isOurs = false;
    return end;
  } finally {
    if (isOurs) await parts.dispose();
  }
}

/** Answers clients, signals and the watcher, from before the first run until all is stopped, or another daemon has it. */
async function untilStopped(
  options: UpOptions,
  parts: Parts,
  watcher: Watcher,
  succession: Succession | null,
  lock: Lock,
): Promise<number | Passed> {
  const { engine, log } = parts;
  const manager = createServiceManager(options.env, log);
  const ended = deferred<number | Passed>();
  const stopping = stopOnce(engine, log, () => manager.stopping());
  const passing = createPassing(options.stateDir, parts, (passed) => ended.resolve(passed), ended.reject);
  const server = await serve(options, parts, { stop: stopping.stop, leave: () => ended.resolve(0), handOver: () => passing.begin(server) });
  await succession?.over();
  const reload = createReloads(engine, manager, () => statusLine(engine));
  const signals = onSignals({
    hangUp: () => passing.unless(reload),
    stop: () => passing.unless(() => void stopping.bySignal().then(() => ended.resolve(0))),
    stopNow: () => passing.unless(() => stopping.now()),
  });
  const watching = watchFiles({ clock: systemClock, onChange: () => passing.unless(() => void engine.filesChanged()), log });
  watcher.watch = (paths) => watching.watch(paths);
  const look = (): Promise<void> => new Promise((resolve) => passing.unless(() => resolve(engine.sourceDue())));
  const following = createFollowing({ clock: systemClock, random: systemRandom, log, secret: parts.secret, look });
  watcher.follow = following.follow;
  const displaced = whenDisplaced(lock, options.stateDir, systemClock, (error) => passing.unless(() => ended.reject(error)));
  let lost: MusterError | null = null;
  engine.context.events.subscribe((event) => {
    if (event.type !== 'critical') return;
    lost = new MusterError('EFAILED', `${event.message}; everything was stopped`, { exitCode: exitCode.error });
    ended.reject(lost);
  });
  try {
    if (succession !== null) goOn(parts);
    const result = succession?.before === null ? await engine.goOn() : await boot(parts, options.stateDir);
    void parts.keeper.dropKept();
    if (lost === null) await manager.ready(statusLine(engine));
    // One that ends already is not ready: whoever waits for it hears of its end.
    if (lost === null && result !== undefined && !engine.context.stopping.signal.aborted) options.onReady?.(result);
    return await ended.promise;
  } catch (error) {
    await stopping.stop();
    throw error;
  } finally {
    displaced.close();
    signals.close();
    await watching.close();
    await following.close();
    await server.close();
  }
}

/** The first run; what was wrong with the journal goes along, and with the config where a generation runs in its place. */
async function boot({ engine, store }: Parts, stateDir: string) {
  const result: Result = await engine.boot();
  const { outcome } = engine.context;
  const hint = `in ${stateDir}`;
  const found = store.notes.map((message): Diagnostic => ({ ...nowhere, severity: 'warning', code: 'recovered', message, hint }));
  const diagnostics = [...found, ...(outcome?.ok === false ? outcome.diagnostics : []), ...result.diagnostics];
  const exitCode = outcome?.ok === false && result.exitCode === 0 ? 1 : result.exitCode;
  return { result, diagnostics, exitCode };
}

const nowhere = { file: '', line: 0, column: 0, endLine: 0, endColumn: 0 };

/** `leave` is called once the answer to `down` is on its way; closing the server sends what waits. */
async function serve(
  options: UpOptions,
  parts: Parts,
  { stop, leave, handOver }: { stop(options: { keep: boolean }): Promise<DownDoc>; leave(): void; handOver(): Promise<void> },
) {
  const { engine, bus, log, logs, mask, notifier } = parts;
  const containment: Containment = 'folder' in findRoot() ? 'cgroup' : 'processGroup';
  const identity = { name: options.daemonName, pid: process.pid, version, node: process.version, stateDir: options.stateDir, containment };
  const answer = createApi({
    engine,
    bus,
    status: createStatus(identity, engine.context, {
      current: () => engine.runs.current(),
      logTroubles: () => logs.troubles(),
      receivers: () => notifier.receivers,
      keeperTrouble: parts.keeper.trouble,
    }),
    version,
    pid: process.pid,
    openLog: (name, wanted) => logs.reader(name, wanted),
    hasLog: (name) => logs.has(name),
    logNames: () => logs.names(),
    inspect: (path) => parts.inspector.inspectFile(path),
    refreshFacts: () => parts.inspector.refresh(),
    keeperTrouble: parts.keeper.trouble,
    rusage: (who) => usageOf(process.pid, who),
    exportsOf,
    cgroups: cgroupAccess,
    mask,
    down: stop,
  });
  const service = createService({
    answer,
    tracers: bus.tracers,
    log,
    masked: (document) => maskedDocument(document, mask),
    leave,
    handOver,
  });
  bus.serve(service.ofModule);
  return serveSocket({
    path: socketOf(options.stateDir),
    ...(options.socketMode === undefined ? {} : { mode: options.socketMode }),
    ...(options.socketGroup === undefined ? {} : { gid: await groupId(options.socketGroup) }),
    log,
    masked: (json, keysToo) => maskedJson(json, mask, keysToo),
    bus: bus.client,
    onRequest: service.ofClient,
  });
}

function statusLine(engine: Engine): string {
  const { outcome, ports } = engine.context;
  const count = ports.instances.snapshot().size;
  if (outcome?.ok !== false) return `${count} modules`;
  const [first] = outcome.diagnostics;
  return `${count} modules; config invalid${first === undefined ? '' : ` at ${first.file}:${first.line}:${first.column}`}`;
}
