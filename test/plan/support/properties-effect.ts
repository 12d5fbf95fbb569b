import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Spec } from '../../../src/model/fields/table.ts';
import type { Desired, Loaded } from '../../../src/model/module.ts';
import type { Change, SkippedEntry } from '../../../src/model/plan.ts';
import { applied, heldAfter } from './effect.ts';
import { planInput } from './input.ts';
import { desired, loaded } from './modules.ts';
import { always, type Planner, type Property } from './property.ts';
import { byName, providersOf, requirements, standsFor } from './services.ts';
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
    for (const entry of first.skipped.filter(isOut))
      assert.ok(!after.has(entry.name) || isKept(first, entry.name) || asBefore.has(entry.name));
  }),
  always('what is disabled, misses its condition or lacks what it requires is skipped, and nothing else is', worlds, ({ given }, plan) => {
    const { skipped, changes } = plan(planInput(given));
    const reasons = new Map(skipped.filter(isOut).map(({ name, reason }) => [name, reason.code]));
    const declared = byName(given.desired);
    const taken = new Map([...declared].filter(([name]) => !reasons.has(name)));
    const stands = asItStands(given, taken, changes);
    const held = new Set(changes.flatMap(({ name, asLoaded }) => (asLoaded === true ? [name] : [])));
    for (const hold of given.holds) held.add(hold.name);
    const isThere = (name: string): boolean => standsFor(name, taken) !== undefined;
    for (const [name, { spec }] of declared) {
      const { modules = [], env = [] } = spec.onlyIf ?? {};
      const unfit = spec.disabled || env.includes('UNSET') || !modules.every((other) => taken.has(other));
      const lacks = !requirements(spec).every((other) => isThere(other.name));
      const loses = spec.provides.length > 0 && !wins(name, spec, stands, given.alternatives);
      if (taken.has(name)) assert.ok(!unfit && !lacks && (!loses || held.has(name)), name);
      else if (reasons.get(name) === 'alternative') assert.ok(loses, name);
      // A provider that needs another one of its service lacks that as long as it would win.
      else assert.ok(unfit || lacks || spec.provides.length > 0, `${name}: ${reasons.get(name)}`);
    }
  }),
  always('what is skipped is not there after it, unless somebody keeps it', worlds, ({ given, seed }, plan) => {
    const first = plan(planInput(given));
    const skipped = new Set(first.skipped.filter(isOut).map((entry) => entry.name));
    for (const { name, origin } of applied(first, given.desired, given.loaded, seed)) {
      assert.ok(!skipped.has(name) || origin !== 'config' || isKept(first, name), name);
    }
  }),
  always(
    'a provider that has none of its services is never loaded, and none is there afterwards that nobody keeps',
    worlds,
    (world, plan) => {
      const { given, seed } = world;
      const first = plan(planInput(given));
      const losers = new Set(first.skipped.filter(({ reason }) => reason.code === 'alternative').map(({ name }) => name));
      for (const change of first.changes)
        assert.ok(!losers.has(change.name) || change.action === 'remove' || change.asLoaded === true, change.name);
      for (const { name, origin } of applied(first, given.desired, given.loaded, seed)) {
        assert.ok(!losers.has(name) || origin !== 'config' || isKept(first, name), name);
      }
    },
  ),
  always('whoever requires another never stands without it on the way', worlds, ({ given, seed }, plan) => {
    const result = plan(planInput(given));
    const wanted = byName(given.desired);
    const before = byName(given.loaded);
    const target = (name: string, modules: ReadonlyMap<string, Pick<Desired, 'spec'>>) => standsFor(name, modules, given.alternatives);
    // A service that only a held module will provide is waited for in vain.
    const isHeld = (name: string): boolean => given.holds.some((hold) => providersOf(name, wanted).includes(hold.name));
    applied(result, given.desired, given.loaded, seed, (change, loaded) => {
      if (change.action === 'remove') {
        for (const module of loaded.values())
          for (const { name } of requirements(module.spec))
            assert.ok(
              isHeld(name) || target(name, before) !== change.name || target(name, loaded) !== undefined,
              `${module.name} requires ${name}`,
            );
      } else if (change.action === 'load' && !before.has(change.name)) {
        const spec = wanted.get(change.name)?.spec;
        for (const { name } of spec === undefined ? [] : requirements(spec))
          assert.ok(isHeld(name) || target(name, loaded) !== undefined, `${change.name} requires ${name}`);
      }
    });
  }),
  always('what is loaded or reloaded waits for what it requires and stands after', worlds, ({ given }, plan) => {
    const { changes, skipped } = plan(planInput(given));
    const at = new Map(changes.map((change, index) => [change.name, index]));
    const out = new Set(skipped.filter(isOut).map(({ name }) => name));
    const wanted = new Map([...byName(given.desired)].filter(([name]) => !out.has(name)));
    const stands = asItStands(given, wanted, changes);
    for (const change of changes) {
      for (const name of change.after) assert.ok((at.get(name) ?? changes.length) < (at.get(change.name) ?? 0));
      const spec = change.asLoaded === true || change.action === 'remove' ? undefined : wanted.get(change.name)?.spec;
      if (spec === undefined || (change.action !== 'load' && change.action !== 'reload')) continue;
      const needed = requirements(spec).map(({ name }) => name);
      for (const name of [...needed, ...spec.after]) {
        const module = wanted.has(name) ? name : standsFor(name, stands, given.alternatives);
        const other = changes.find((item) => item.name === module);
        if (other === undefined || !['load', 'reload', 'rename'].includes(other.action)) continue;
        assert.ok(change.after.includes(other.name));
        if (needed.includes(name)) assert.ok(change.needs?.includes(other.name), `${change.name} needs ${other.name}`);
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

/** Whether the module has one of its services among these. */
function wins(
  name: string,
  spec: Spec,
  modules: ReadonlyMap<string, Pick<Desired, 'spec'>>,
  alternatives?: Readonly<Record<string, string>>,
): boolean {
  const all = new Map<string, { spec: Spec }>([...modules, [name, { spec }]]);
  return spec.provides.some((service) => providersOf(service, all, alternatives)[0] === name);
}

/** Wanted modules with what they provide once it is done: those that are held what they do already. */
function asItStands({ loaded, holds }: World['given'], wanted: ReadonlyMap<string, Desired>, changes: readonly Change[]) {
  const before = byName(loaded);
  const stands = new Map<string, Pick<Desired, 'spec'>>(wanted);
  for (const [name, { spec }] of wanted) {
    const from = changes.find((change) => change.name === name)?.from ?? name;
    if (!holds.some((hold) => hold.name === name || hold.name === from)) continue;
    const now = before.get(from)?.spec;
    stands.delete(name);
    if (now !== undefined)
      stands.set(name, { spec: { ...now, provides: spec.provides.filter((service) => now.provides.includes(service)) } });
  }
  return stands;
}

/** Not wanted, as opposed to put off. */
function isOut({ reason }: SkippedEntry): boolean {
  return reason.code !== 'requiresAbsent';
}

/** A skipped one may be there still: held, or needed by what is held or stays. */
function isKept(plan: ReturnType<Planner>, name: string): boolean {
  const kept = [...plan.held, ...plan.unmanaged, ...plan.changes.filter((change) => change.asLoaded === true)];
  return kept.some((entry) => entry.name === name);
}

function digests(modules: readonly Loaded[]): string[] {
  return modules.map(({ name, specDigest, codeDigest }) => `${name} ${specDigest} ${codeDigest}`).sort();
}
