import { desiredOf } from '../../src/apply/step.ts';
import { createEngine, type Engine } from '../../src/engine/engine.ts';
import type { Wanted } from '../../src/engine/ports.ts';
import { createInstances } from '../../src/instances/instances.ts';
import type { AuditLine } from '../../src/model/audit.ts';
import type { Launch } from '../../src/model/driver.ts';
import { MusterError } from '../../src/model/error.ts';
import type { Desired, LoadedRecord } from '../../src/model/module.ts';
import type { Result } from '../../src/model/plan.ts';
import { defaultPolicy, type Policy } from '../../src/model/policy.ts';
import type { Log } from '../../src/model/ports.ts';
import { openStore } from '../../src/store/store.ts';
import { code } from '../instances/bench.ts';
import { createFakeClock, type FakeClock } from '../support/fake-clock.ts';
import { type Behaviour, createFakeDriver, type FakeDriver } from '../support/fake-driver.ts';
import { createMemoryDisk, type MemoryDisk } from '../support/memory-disk.ts';
import { noPackages } from './no-packages.ts';
import { seeded } from './seeded.ts';

const silent: Log = { debug() {}, info() {}, warn() {}, error() {} };

export interface EngineBench {
  engine: Engine;
  disk: MemoryDisk;
  /** Lines of its audit log. */
  audited: Omit<AuditLine, 'seq'>[];
  /** What came of its first run. */
  booted: Result;
  driver: FakeDriver;
  clock: FakeClock;
  /** What the files say: the declared modules, and the digest of the code of each by name (`broken`: it does not compile). */
  files: { modules: Desired[]; code: Record<string, string>; policy: Partial<Policy>; alternatives: Map<string, string> };
  /** Names of the modules whose code is watched. */
  watched(): readonly string[];
  /** `name args` of what runs, sorted. */
  running(): string[];
}

const fault = {
  severity: 'error',
  code: 'yaml',
  message: 'broken',
  file: '/muster.yaml',
  line: 1,
  column: 1,
  endLine: 1,
  endColumn: 2,
} as const;

/** Code as the config declares it. */
export function module(name: string, fields: object = {}): Desired {
  return code(name, fields).desired;
}

/** An engine over modules that only pretend to run, with a config that is data, or does not hold; on a disk that an earlier one has left, or a fresh one. */
export async function createEngineBench(
  declared: Desired[] | 'broken',
  behave?: (launch: Launch, nth: number) => Behaviour,
  disk: MemoryDisk = createMemoryDisk(),
  clock: FakeClock = createFakeClock(),
): Promise<EngineBench> {
  const random = seeded(1);
  const driver = createFakeDriver(clock, behave);
  const store = await openStore({ disk, random, log: silent });
  const files: EngineBench['files'] = { modules: declared === 'broken' ? [] : declared, code: {}, policy: {}, alternatives: new Map() };
  const audited: EngineBench['audited'] = [];
  let watched: readonly string[] = [];
  const material = async () => ({ env: {}, config: {}, codeFile: null });
  const withCode = (desired: Desired): Desired => ({ ...desired, codeDigest: files.code[desired.name] ?? 'code' });
  const read = (): Wanted => {
    const { alternatives, policy } = files;
    const digest = JSON.stringify(files.modules.map(({ name, specDigest }) => [name, specDigest, files.code[name]]));
    return {
      config: { digest, files: [], policy: { ...defaultPolicy, ...policy }, warnings: [], alternatives },
      desired: new Map(files.modules.map((desired) => [desired.name, withCode(desired)])),
    };
  };
  const engine = createEngine({
    clock,
    random,
    log: silent,
    store,
    instances: createInstances({ clock, random, drivers: { code: driver }, log: silent, alternatives: () => files.alternatives }),
    materials: { material, restore: material },
    planSeal: { seal: (text) => text, open: (sealed) => sealed },
    masked: (data) => data,
    sources: {
      files: [],
      read: async () => (declared === 'broken' ? { ok: false, diagnostics: [fault], files: [] } : { ok: true, wanted: read() }),
      byHand: async ({ name, raw }) => withCode({ ...module(name, raw), source: null }),
      withArgs: async (desired) => desired,
      async afresh(record: LoadedRecord) {
        if (files.code[record.name] === 'broken') throw new MusterError('EINVAL', `${record.name} does not compile`);
        return withCode(desiredOf(record));
      },
      recall: async (record) => desiredOf(record),
      watchCode(records) {
        watched = records.map(({ name }) => name);
      },
      ...noPackages,
      locate: async (target) => ({ name: target, module: `/modules/${target}.js` }),
    },
    audit: { append: async (line) => void audited.push(line), lastSerial: store.state.serial, trouble: null },
    pruneCode: async () => {},
    host: 'bench',
    env: new Set(),
    defaultConcurrency: 4,
  });
  await engine.restore();
  const booted = await engine.boot();
  return {
    ...{ engine, disk, audited, booted },
    driver,
    clock,
    files,
    watched: () => watched,
    running: () =>
      driver
        .live()
        .map(({ name, launch }) => [name, ...launch.args].join(' '))
        .sort(),
  };
}
