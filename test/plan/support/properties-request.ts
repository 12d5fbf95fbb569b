import assert from 'node:assert/strict';
import fc from 'fast-check';
import { globMatches } from '../../../src/model/glob.ts';
import type { Desired } from '../../../src/model/module.ts';
import { applied } from './effect.ts';
import { planInput } from './input.ts';
import { always, type Property } from './property.ts';
import { byName, providersOf, requirements, standsFor } from './services.ts';
import { plainWorlds, worlds } from './worlds.ts';

const filters = fc.record({ only: fc.subarray(['*o*', 'k*', 'beet', 'dune']), skip: fc.subarray(['m*', 'beet']) });

/** What a run that is about some names does to the others. */
export const requests: readonly Property[] = [
  always(
    'a filter lets nothing else change, and the plan is complete only if nothing was left out',
    filtered(),
    ([world, filter], plan) => {
      const passes = (name: string): boolean =>
        (filter.only.length === 0 || filter.only.some((glob) => globMatches(glob, name))) &&
        !filter.skip.some((glob) => globMatches(glob, name));
      const { given } = world;
      const whole = plan(planInput(given));
      const part = plan(planInput({ ...given, request: { ...given.request, ...filter } }));
      // What runs inside of another comes back with that one.
      const back = new Set(
        part.changes.filter(({ asLoaded, reason }) => asLoaded === true && reason.code === 'dependency').map(({ name }) => name),
      );
      for (const { name } of part.changes) assert.ok(passes(name) || back.has(name), name);
      const leftOut = whole.changes.some(({ name, asLoaded }) => !passes(name) && asLoaded !== true && !back.has(name));
      if (leftOut) assert.equal(part.complete, false);
      assert.equal(part.complete, !part.diagnostics.some(({ code }) => code === 'filtered'));
      applied(part, given.desired, given.loaded, world.seed);
    },
  ),
  always(
    'a run on one name reaches beyond it only to what it requires and to what reloads with it',
    plainWorlds,
    ({ given, seed }, plan) => {
      const name = given.desired[seed % Math.max(1, given.desired.length)]?.name;
      if (name === undefined) return;
      const again = new Set(given.loaded.some((module) => module.name === name) ? [name] : []);
      const result = plan(planInput({ ...given, request: { ...given.request, scope: new Set([name]), again } }));
      if (result.skipped.some((entry) => entry.name === name)) return;
      const wanted = byName(given.desired);
      for (const change of result.changes) {
        if (change.name === name) continue;
        if (change.action === 'load')
          assert.ok(reaches(name, change.name, wanted, given.alternatives), `${change.name} is loaded for ${name}`);
        else assert.equal(change.reason.code, 'dependency');
      }
      assert.ok(result.changes.some((change) => change.name === name));
      applied(result, given.desired, given.loaded, seed);
    },
  ),
  always('a removal takes what it names, and its dependents only if it is told to', plainWorlds, ({ given, seed }, plan) => {
    const name = given.loaded[seed % Math.max(1, given.loaded.length)]?.name;
    if (name === undefined) return;
    const loaded = byName(given.loaded);
    const needs = ({ spec }: Pick<Desired, 'spec'>): boolean =>
      requirements(spec).some((item) => {
        const [first, second] = loaded.has(item.name) ? [item.name] : providersOf(item.name, loaded, given.alternatives);
        return first === name && (second === undefined || spec.service === item.name);
      });
    const direct = [...loaded.values()].filter((module) => module.name !== name && needs(module)).map((module) => module.name);
    const dependents = [...loaded.keys()].filter((other) =>
      direct.some((one) => one === other || reaches(other, one, loaded, given.alternatives)),
    );
    const request = { ...given.request, scope: new Set([name]), drop: new Set([name]) };
    const result = plan(planInput({ ...given, request }));
    assert.equal(result.exitCode, dependents.length === 0 ? 0 : 1);
    const whole = plan(planInput({ ...given, request: { ...request, recursive: true } }));
    const removed = whole.changes.filter((change) => change.action === 'remove').map((change) => change.name);
    assert.deepEqual(removed.sort(), [name, ...dependents].sort());
    // A service may pass on to another module, which is followed.
    for (const change of whole.changes) assert.ok(change.action === 'remove' || change.reason.code === 'dependency');
    const rest = applied(whole, given.desired, given.loaded, seed);
    assert.equal(rest.length, given.loaded.length - 1 - dependents.length);
  }),
];

function filtered() {
  return fc.tuple(worlds, filters);
}

/** Whether `from` requires `to`, itself or through others. */
function reaches(
  from: string,
  to: string,
  modules: ReadonlyMap<string, Pick<Desired, 'spec'>>,
  alternatives: Readonly<Record<string, string>> | undefined,
): boolean {
  const spec = modules.get(from)?.spec;
  const names = spec === undefined ? [] : requirements(spec).map((item) => standsFor(item.name, modules, alternatives));
  return names.some((name) => name === to || (name !== undefined && reaches(name, to, modules, alternatives)));
}
