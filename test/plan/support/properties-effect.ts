import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Desired, Loaded } from '../../../src/model/module.ts';
import { applied, heldAfter } from './effect.ts';
import { planInput } from './input.ts';
import { desired, loaded } from './modules.ts';
import { always, type Planner, type Property } from './property.ts';
import { plainWorlds, type World, worlds } from './worlds.ts';

const claimants = fc.shuffledSubarray(['new', 'other', 'third', 'a'], { minLength: 1 });

/** That a plan, once done, has led to what was wanted, on every way that its order allows. */
export const effects: readonly Property[] = [
  always('once a plan is applied there is nothing left to do', worlds, ({ given, seed }, plan) => {
    const first = plan(planInput(given));
    const loaded = applied(first, given.desired, given.loaded, seed);
    const second = plan(planInput({ ...given, loaded, holds: heldAfter(first, given.holds) }));
    assert.deepEqual(actions(second), []);
  }),
  always('after it every wanted module is as declared, and nothing else is left but what the plan says stays', worlds, (world, plan) => {
    const first = plan(planInput(world.given));
    const after = new Map(applied(first, world.given.desired, world.given.loaded, world.seed).map((module) => [module.name, module]));
    const passedOver = new Set([...first.held, ...first.unmanaged, ...first.skipped].map((entry) => entry.name));
    const asBefore = new Set(first.changes.filter((change) => change.asLoaded === true).map((change) => change.name));
    for (const wanted of world.given.desired) {
      if (passedOver.has(wanted.name)) continue;
      const module = after.get(wanted.name);
      assert.equal(module?.specDigest, wanted.specDigest);
      assert.equal(module?.codeDigest, wanted.codeDigest);
      assert.equal(module?.origin, 'config');
      assert.ok(module?.started && !(module.failed && world.given.request?.retryFailed === true), `${wanted.name} does not run`);
      after.delete(wanted.name);
    }
    for (const name of after.keys()) assert.ok(passedOver.has(name) || asBefore.has(name), `${name} is left`);
    for (const entry of first.skipped) assert.ok(!after.has(entry.name) || isKept(first, entry.name) || asBefore.has(entry.name));
  }),
  always('what is disabled or misses its condition, and whatever requires it, is not there after it', worlds, ({ given, seed }, plan) => {
    const first = plan(planInput(given));
    const unfit = new Set<string>();
    for (let size = -1; size < unfit.size; ) {
      size = unfit.size;
      for (const module of given.desired) if (isUnfit(module, given.desired, unfit)) unfit.add(module.name);
    }
    for (const module of applied(first, given.desired, given.loaded, seed)) {
      if (unfit.has(module.name)) assert.ok(module.origin !== 'config' || isKept(first, module.name), module.name);
    }
    assert.deepEqual(
      first.skipped.filter((entry) => entry.reason.code !== 'requiresAbsent').map((entry) => entry.name),
      [...unfit].sort(),
    );
  }),
  always('whoever requires another never stands without it on the way', worlds, ({ given, seed }, plan) => {
    const result = plan(planInput(given));
    const wanted = new Map(given.desired.map((module) => [module.name, module]));
    const before = new Map(given.loaded.map((module) => [module.name, module]));
    applied(result, given.desired, given.loaded, seed, (change, loaded) => {
      if (change.action === 'remove') {
        for (const module of loaded.values())
          assert.ok(!requirements(module).includes(change.name), `${module.name} requires ${change.name}`);
      } else if (change.action === 'load' && !before.has(change.name)) {
        const spec = wanted.get(change.name);
        for (const name of spec === undefined ? [] : requirements(spec)) assert.ok(loaded.has(name), `${change.name} requires ${name}`);
      }
    });
  }),
  always('what is loaded or reloaded waits for what it requires and stands after', worlds, ({ given }, plan) => {
    const { changes } = plan(planInput(given));
    const at = new Map(changes.map((change, index) => [change.name, index]));
    const wanted = new Map(given.desired.map((module) => [module.name, module]));
    for (const change of changes) {
      for (const name of change.after) assert.ok((at.get(name) ?? changes.length) < (at.get(change.name) ?? 0));
      const spec = change.asLoaded === true || change.action === 'remove' ? undefined : wanted.get(change.name)?.spec;
      if (spec === undefined || (change.action !== 'load' && change.action !== 'reload')) continue;
      for (const name of [...requirements({ spec }), ...spec.after]) {
        const other = changes.find((item) => item.name === name);
        if (other !== undefined && ['load', 'reload', 'rename'].includes(other.action)) assert.ok(change.after.includes(name));
      }
    }
  }),
  always('of several that claim a former name the first by name takes over', claimants, (names, plan) => {
    const given = { loaded: [loaded('old')], desired: names.map((name) => desired(name, { renamedFrom: 'old' })) };
    const { changes } = plan(planInput(given));
    const [first] = [...names].sort();
    assert.deepEqual(
      changes.map(({ name, action, from }) => [name, action, from]),
      [...names].sort().map((name) => [name, name === first ? 'rename' : 'load', name === first ? 'old' : undefined]),
    );
  }),
  always('from A to B and back to A leaves A', plainWorlds, (world, plan) => {
    const first = plan(planInput({ ...world.given, loaded: [] }));
    const a = applied(first, world.given.desired, []);
    const other = world.given.loaded.map((module) => ({ ...module, source: null }));
    const b = applied(plan(planInput({ ...world.given, desired: other, loaded: a })), other, a, world.seed);
    const back = applied(plan(planInput({ ...world.given, loaded: b })), world.given.desired, b, world.seed);
    assert.deepEqual(digests(back), digests(a));
  }),
];

function actions(plan: ReturnType<Planner>): string[] {
  return plan.changes.map((change) => `${change.action} ${change.name}: ${JSON.stringify(change.fields)}`);
}

function requirements({ spec }: Pick<World['given']['desired'][number], 'spec'>): string[] {
  return spec.requires.map((entry) => (typeof entry === 'string' ? entry : entry.name));
}

/** A skipped one may be there still: held, or needed by what is held or stays. */
function isKept(plan: ReturnType<Planner>, name: string): boolean {
  return [...plan.held, ...plan.unmanaged].some((entry) => entry.name === name);
}

function isUnfit({ spec }: Desired, declared: readonly Desired[], unfit: ReadonlySet<string>): boolean {
  const { modules = [], env = [] } = spec.onlyIf ?? {};
  const isThere = (name: string): boolean => declared.some((module) => module.name === name) && !unfit.has(name);
  return spec.disabled || env.includes('UNSET') || !modules.every(isThere) || !requirements({ spec }).every(isThere);
}

function digests(modules: readonly Loaded[]): string[] {
  return modules.map(({ name, specDigest, codeDigest }) => `${name} ${specDigest} ${codeDigest}`).sort();
}
