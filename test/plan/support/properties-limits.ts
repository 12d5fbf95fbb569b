import assert from 'node:assert/strict';
import fc from 'fast-check';
import { applied } from './effect.ts';
import { planInput } from './input.ts';
import { desired, loaded } from './modules.ts';
import { always, type Property } from './property.ts';
import { byName, requirements, standsFor } from './services.ts';
import { plainWorlds, worlds } from './worlds.ts';

const limit = fc.oneof(fc.nat({ max: 10 }), fc.constantFrom('0%', '25%', '50%', '100%'));
const removals = fc
  .record({ total: fc.integer({ min: 1, max: 12 }), gone: fc.nat({ max: 12 }), limit, old: limit })
  .map((drawn) => ({ ...drawn, gone: Math.min(drawn.gone, drawn.total) }));
/** Reasons that lie in other modules. */
const follows = new Set(['dependency', 'alternative', 'requiresSkipped']);
const refusals = fc.record({ empty: fc.boolean(), allowed: fc.boolean(), protect: fc.boolean(), override: fc.boolean() });

/** What a plan leaves alone, and what it is not allowed. */
export const limits: readonly Property[] = [
  always('what means the same is not touched, unless it is to be reloaded with another', plainWorlds, ({ given }, plan) => {
    const { changes } = plan(planInput(given));
    const before = new Map(given.loaded.map((module) => [module.name, module]));
    for (const module of given.desired) {
      const old = before.get(module.name);
      const change = changes.find((item) => item.name === module.name);
      if (old === undefined || change === undefined || follows.has(change.reason.code)) continue;
      assert.ok(old.specDigest !== module.specDigest || old.codeDigest !== module.codeDigest, `${change.action} ${module.name}`);
    }
  }),
  always('a change of one module is a change of it and of those that reload with it alone', plainWorlds, ({ given, seed }, plan) => {
    if (given.desired.length === 0) return;
    const taken = new Set(plan(planInput({ ...given, loaded: [] })).changes.map((change) => change.name));
    const settled = given.desired.filter(({ name }) => taken.has(name));
    const running = settled.map((module) => ({ ...loaded(module.name), ...module }));
    const one = settled[seed % settled.length];
    const changed = given.desired.map((module) => (module === one ? { ...module, codeDigest: 'another' } : module));
    const { changes } = plan(planInput({ ...given, loaded: running, desired: changed }));
    const there = byName(settled);
    const touched = new Set([one?.name]);
    for (let size = 0; size < touched.size; ) {
      size = touched.size;
      for (const { name, spec } of settled) {
        const touches = requirements(spec).some((item) => item.reload && touched.has(standsFor(item.name, there, given.alternatives)));
        if (touches) touched.add(name);
      }
    }
    assert.deepEqual(changes.map((change) => change.name).sort(), [...touched].sort());
    for (const change of changes) assert.equal(change.action, 'reload');
  }),
  always('what was not loaded from the config and is not declared is left alone', worlds, ({ given }, plan) => {
    const result = plan(planInput(given));
    const declared = new Set(given.desired.map((module) => module.name));
    for (const module of given.loaded) {
      if (module.origin === 'config' || declared.has(module.name)) continue;
      const change = result.changes.find((item) => item.name === module.name || item.from === module.name);
      if (change === undefined || change.reason.code === 'renamed') continue;
      if (change.reason.code === 'dependency') assert.ok(module.spec.service !== undefined, `${change.action} ${module.name}`);
      else assert.ok(change.asLoaded === true && !module.started, change.action);
    }
  }),
  always('what is held is only renamed, or started as it was, and keeps what it requires', worlds, ({ given, seed }, plan) => {
    const result = plan(planInput(given));
    const { changes } = result;
    const after = byName(applied(result, given.desired, given.loaded, seed));
    const before = new Map(given.loaded.map((module) => [module.name, module]));
    for (const { name, stopped } of given.holds) {
      const change = changes.find((item) => (item.from ?? item.name) === name || item.name === name);
      if (change !== undefined)
        assert.ok(change.asLoaded === true && (stopped !== true || change.from !== undefined), `${change.action} ${name}`);
      const spec = before.get(name)?.spec;
      for (const item of spec === undefined ? [] : requirements(spec)) {
        const required = standsFor(item.name, before, given.alternatives);
        const isGone = changes.some((other) => other.name === required && other.action === 'remove');
        assert.ok(!isGone || standsFor(item.name, after) !== undefined, `${required} is required by ${name}`);
      }
    }
  }),
  always('removals beyond the limit are refused, up to it they are not', removals, ({ total, gone, limit, old }, plan) => {
    const names = Array.from({ length: total }, (_, index) => `m${index}`);
    const result = plan(
      planInput({
        loaded: names.map((name) => loaded(name)),
        desired: names.slice(gone).map((name) => desired(name)),
        policy: { maxRemovals: limit, allowEmpty: true },
        appliedPolicy: { maxRemovals: old },
      }),
    );
    const allowed = Math.min(countOf(limit, total), countOf(old, total));
    const refused = total >= 4 && gone < total && gone > allowed;
    assert.equal(result.outcome, refused ? 'refused' : gone === 0 ? 'noChanges' : 'changes');
    assert.equal(result.exitCode, refused ? 8 : 0);
    assert.equal(result.applyable, !refused);
  }),
  always('an empty set and a protected module need to be allowed', refusals, ({ empty, allowed, protect, override }, plan) => {
    const result = plan(
      planInput({
        loaded: [loaded('a', { protect, args: ['x'] }), loaded('b')],
        desired: empty ? [] : [desired('a', { args: ['y'] })],
        request: { allowEmpty: allowed, override },
      }),
    );
    const refused = (empty && !allowed) || (protect && !override);
    assert.equal(result.exitCode, refused ? 8 : 0);
  }),
];

function countOf(text: number | string, total: number): number {
  return typeof text === 'number' ? text : Math.floor((total * Number.parseInt(text, 10)) / 100);
}
