import * as z from 'zod/mini';
import { createInstances, type InstancesOptions, type OwnedInstances } from '../../src/instances/instances.ts';
import type { ServicesPort } from '../../src/model/bus.ts';
import type { Launch } from '../../src/model/driver.ts';
import { type CommandSpec, fieldTable } from '../../src/model/fields/table.ts';
import type { InstanceEvent, Target } from '../../src/model/instances.ts';
import type { Origin } from '../../src/model/module.ts';
import { createFakeClock, type FakeClock } from '../support/fake-clock.ts';
import { type Behaviour, createFakeDriver, type FakeDriver } from '../support/fake-driver.ts';

const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const schemaOf = (kind: 'code' | 'command') =>
  z.strictObject(Object.fromEntries(Object.entries(fieldTable[kind]).map(([name, { schema }]) => [name, schema])));
const schemas = { code: schemaOf('code'), command: schemaOf('command') };

export interface Bench {
  clock: FakeClock;
  driver: FakeDriver;
  instances: OwnedInstances;
  events: InstanceEvent[];
  /** `I R E:failed` … of the states one module went through. */
  path(name: string): string;
}

/** Instances over a driver that does what `behave` says. */
export function createBench(behave?: (launch: Launch, nth: number) => Behaviour, options: Partial<InstancesOptions> = {}): Bench {
  const clock = createFakeClock();
  const driver = createFakeDriver(clock, behave);
  let ids = 0;
  const random = { next: () => 0.5, id: () => `lease-${++ids}` };
  const instances = createInstances({ clock, random, drivers: { command: driver, code: driver }, log: quiet, ...options });
  const events: InstanceEvent[] = [];
  instances.on((event) => events.push(event));
  return { clock, driver, instances, events, path };

  function path(name: string): string {
    const states = events.flatMap((event) => (event.type === 'state' && event.name === name ? [event] : []));
    return states.map(({ to, failed }) => `${to ?? '-'}${to === 'E' && failed ? ':failed' : ''}`).join(' ');
  }
}

/** A command as the config would give it: `fields` as written in YAML. */
export function command(name: string, fields: object = {}, origin: Origin = 'config'): Target {
  return target('command', name, { command: ['program'], cwd: '/', ...fields }, origin);
}

export function code(name: string, fields: object = {}, origin: Origin = 'config'): Target {
  return target('code', name, { module: `/modules/${name}.js`, ...fields }, origin);
}

function target(kind: 'code' | 'command', name: string, fields: object, origin: Origin): Target {
  const spec = schemas[kind].parse(fields) as unknown as CommandSpec;
  const digest = JSON.stringify(fields);
  const path = kind === 'code' ? `/modules/${name}.js` : 'program';
  const source = origin === 'config' ? { file: '/muster.yaml', line: 1, column: 1 } : null;
  return {
    desired: { name, kind, spec, specDigest: digest, codeDigest: null, path, source },
    origin,
    generation: origin === 'config' ? 1 : 0,
    material: { env: {}, config: 'config' in spec ? (spec.config as Record<string, unknown>) : {}, codeFile: null },
  };
}

/** The bus as instances see it: what it was told, in order. */
export function createServices(said: Partial<Pick<ServicesPort, 'services' | 'waiting'>> = {}): ServicesPort & { told: string[] } {
  const told: string[] = [];
  return {
    told,
    park: (name) => void told.push(`park ${name}`),
    unpark: (name) => void told.push(`unpark ${name}`),
    absent: (name, why) => void told.push(`${name} ${why}`),
    services: () => [],
    waiting: () => 0,
    ...said,
  };
}
