import assert from 'node:assert/strict';
import type { Loaded } from '../../../src/model/module.ts';
import { applied } from './effect.ts';
import { planInput } from './input.ts';
import { always, type Property } from './property.ts';
import { byName, providersOf, standsFor } from './services.ts';
import { type World, worlds } from './worlds.ts';

/** That a service is there as long as it is wanted, and that what it loads lives in it: never longer, nor in a former instance. */
export const hosting: readonly Property[] = [
  always(
    'no service is lost by a removal, not even for a while, if a module is wanted that provides it',
    worlds,
    ({ given, seed }, plan) => {
      const result = plan(planInput(given));
      const before = byName(given.loaded);
      const out = new Set(result.skipped.filter(({ reason }) => reason.code !== 'requiresAbsent').map((entry) => entry.name));
      const wanted = byName(given.desired.filter(({ name }) => !out.has(name)));
      applied(result, given.desired, given.loaded, seed, ({ name, action }, loaded) => {
        for (const service of action === 'remove' ? (before.get(name)?.spec.provides ?? []) : []) {
          const isOffered = providersOf(service, wanted).length > 0;
          assert.ok(!isOffered || providersOf(service, loaded).length > 0, `${service} is lost with ${name}`);
        }
      });
    },
  ),
  always('what a service loads comes after it, goes before it, and comes back with it', worlds, ({ given, seed }, plan) => {
    const before = byName(given.loaded);
    const instances = new Map([...before.keys()].map((name) => [name, `${name} 0`]));
    const inside = new Map(given.loaded.map((module) => [module.name, aliveHost(module, before, given)]));
    const stopped = new Set(given.holds.filter((hold) => hold.stopped === true).map((hold) => hold.name));
    const isOfHeld = (service = ''): boolean => given.holds.some((hold) => providersOf(service, byName(given.desired)).includes(hold.name));
    let starts = 0;
    const result = plan(planInput(given));
    // Of two that have its service for a while it goes into the one that has it in the end.
    const end = byName(applied(result, given.desired, given.loaded, seed));
    const after = applied(result, given.desired, given.loaded, seed, (change, loaded) => {
      const { name, action, from } = change;
      if (from !== undefined) for (const map of [instances, inside]) take(map as Map<string, string | undefined>, from, name);
      if (action === 'remove') {
        const within = [...loaded.values()].filter(
          (module) => isAlive(module) && !stopped.has(module.name) && inside.get(module.name) === instances.get(name),
        );
        assert.deepEqual(
          within.map((module) => module.name),
          [],
          `are in ${name}, which is removed`,
        );
        instances.delete(name);
      } else if (action === 'load' || action === 'reload') {
        starts += 1;
        instances.set(name, `${name} ${starts}`);
        const module = loaded.get(name);
        const host = module === undefined ? undefined : hostOf(module, end, given);
        const isThere = module?.spec.service === undefined || (host !== undefined && loaded.has(host));
        assert.ok(isThere || change.asLoaded === true || isOfHeld(module?.spec.service), `${name} has no service`);
        inside.set(name, host === undefined ? undefined : instances.get(host));
      }
    });
    const there = new Set(instances.values());
    for (const module of after) {
      const host = inside.get(module.name);
      assert.ok(host === undefined || there.has(host) || !isAlive(module) || stopped.has(module.name), `${module.name} was in ${host}`);
    }
  }),
];

function hostOf({ spec }: Loaded, modules: ReadonlyMap<string, Loaded>, given: World['given']): string | undefined {
  return spec.service === undefined ? undefined : standsFor(spec.service, modules, given.alternatives);
}

/** The instance it is in, if that can be. */
function aliveHost(module: Loaded, modules: ReadonlyMap<string, Loaded>, given: World['given']): string | undefined {
  const host = modules.get(hostOf(module, modules, given) ?? '');
  return host === undefined || !isAlive(host) ? undefined : `${host.name} 0`;
}

function take(map: Map<string, string | undefined>, from: string, name: string): void {
  map.set(name, map.get(from));
  map.delete(from);
}

function isAlive({ state, started }: Loaded): boolean {
  return started && state !== 'E';
}
