import assert from 'node:assert/strict';
import fc from 'fast-check';
import { globMatches } from '../../../src/model/glob.ts';
import type { Desired } from '../../../src/model/module.ts';
import { applied } from './effect.ts';
import { planInput } from './input.ts';
import { always, type Property } from './property.ts';
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
      for (const { name } of part.changes) assert.ok(passes(name), name);
      const leftOut = whole.changes.some(({ name, asLoaded }) => !passes(name) && asLoaded !== true);
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
      const wanted = new Map(given.desired.map((module) => [module.name, module]));
      for (const change of result.changes) {
        if (change.name === name) continue;
        if (change.action === 'load') assert.ok(reaches(name, change.name, wanted), `${change.name} is loaded for ${name}`);
        else assert.equal(change.reason.code, 'dependency');
      }
      assert.ok(result.changes.some((change) => change.name === name));
      applied(result, given.desired, given.loaded, seed);
    },
  ),
  always('a removal takes what it names, and its dependents only if it is told to', plainWorlds, ({ given, seed }, plan) => {
    const name = given.loaded[seed % Math.max(1, given.loaded.length)]?.name;
    if (name === undefined) return;
    const loaded = new Map(given.loaded.map((module) => [module.name, module]));
    const dependents = [...loaded.keys()].filter((other) => other !== name && reaches(other, name, loaded));
    const request = { ...given.request, scope: new Set([name]), drop: new Set([name]) };
    const result = plan(planInput({ ...given, request }));
    assert.equal(result.exitCode, dependents.length === 0 ? 0 : 1);
    const whole = plan(planInput({ ...given, request: { ...request, recursive: true } }));
    assert.deepEqual(whole.changes.map((change) => change.name).sort(), [name, ...dependents].sort());
    const rest = applied(whole, given.desired, given.loaded, seed);
    assert.equal(rest.length, given.loaded.length - 1 - dependents.length);
  }),
];

function filtered() {
  return fc.tuple(worlds, filters);
}

/** Whether `from` requires `to`, itself or through others. */
function reaches(from: string, to: string, modules: ReadonlyMap<string, Pick<Desired, 'spec'>>): boolean {
  const requires = modules.get(from)?.spec.requires ?? [];
  return requires.some((item) => {
    const name = typeof item === 'string' ? item : item.name;
    return name === to || reaches(name, to, modules);
  });
}
