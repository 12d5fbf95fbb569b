import assert from 'node:assert/strict';
import { canonicalJson } from '../../../src/model/canonical.ts';
import type { Plan } from '../../../src/model/plan.ts';
import { planMarkdown } from '../../../src/render/plan-markdown.ts';
import { planText } from '../../../src/render/plan-text.ts';
import { planInput } from './input.ts';
import { always, type Property } from './property.ts';
import { secretMarker, shuffled, worlds } from './worlds.ts';

/** That a plan is one and the same, however it came about and however it is shown. */
export const appearance: readonly Property[] = [
  always('the order in which modules are given makes no difference', worlds, ({ given, seed }, plan) => {
    const { desired, loaded, holds } = given;
    const other = { ...given, desired: shuffled(desired, seed), loaded: shuffled(loaded, seed + 1), holds: shuffled(holds, seed + 2) };
    assert.equal(canonicalJson(plan(planInput(other))), canonicalJson(plan(planInput(given))));
  }),
  always('two plans from equal input differ in id and time alone', worlds, ({ given }, plan) => {
    const input = planInput(given);
    const first = plan(input);
    const second = plan({ ...input, id: 'other', now: input.now + 1000 });
    const { id, createdAt, ...rest } = second;
    assert.notEqual(id + createdAt, first.id + first.createdAt);
    assert.equal(canonicalJson({ ...rest, id: first.id, createdAt: first.createdAt }), canonicalJson(first));
  }),
  always('every reload and live change says what differs, and every change why', worlds, ({ given }, plan) => {
    for (const { name, action, fields, reason } of plan(planInput(given)).changes) {
      assert.ok(reason.code !== '' && reason.text !== '');
      if (action === 'reload' || action === 'reconfigure') assert.ok(fields.length > 0, `${action} ${name} without a field`);
      if (action === 'reconfigure' || action === 'rename') assert.ok(fields.every((field) => field.live));
      for (const { before, after, sensitive, path } of fields) {
        if (sensitive === true) assert.deepEqual([before, after], [null, null]);
        else assert.notDeepEqual(before, after, `${name} ${path}`);
      }
    }
  }),
  always('config is live only where the running instance can take it', worlds, ({ given }, plan) => {
    const before = new Map(given.loaded.map((module) => [module.name, module]));
    for (const { name, from, fields } of plan(planInput(given)).changes) {
      const old = before.get(from ?? name);
      const can = old?.reconfigurable === true && old.state === 'R';
      for (const field of fields) if (/^config\b/.test(field.path)) assert.equal(field.live, can, `${name} ${field.path}`);
    }
  }),
  always('no part of a secret is in the plan', worlds, ({ given }, plan) => {
    const result = plan(planInput(given));
    assert.ok(![JSON.stringify(result), planText(result), planMarkdown(result)].some((text) => text.includes(secretMarker)));
  }),
  always('summary, text, markdown and exit code agree', worlds, ({ given }, plan) => {
    const result = plan(planInput(given));
    const text = planText(result);
    const markdown = planMarkdown(result);
    for (const action of ['load', 'remove', 'reload', 'reconfigure', 'rename', 'adopt'] as const) {
      const count = result.changes.filter((change) => change.action === action).length;
      assert.equal(result.summary[action], count);
      assert.ok(count === 0 || text.includes(`${count} to ${action}`));
    }
    assert.equal(result.summary.held, result.held.length);
    assert.equal(result.summary.unmanaged, result.unmanaged.length);
    assert.equal(result.outcome, result.changes.length === 0 ? 'noChanges' : 'changes');
    assert.equal(result.exitCode, 0);
    assert.deepEqual(namesIn(text, /^ {0,2}(?:\+|~|-\/\+|-) +(\S+)/), names(result));
    assert.deepEqual(namesIn(markdown, /^\| \w+ \| (\w+) \|/).slice(result.changes.length === 0 ? 0 : 1), names(result));
    assert.ok(markdown.startsWith(text.trimEnd().split('\n').at(-1) ?? ''));
  }),
  always('what is wanted is counted once: changed, unchanged, held, left alone or skipped', worlds, ({ given }, plan) => {
    const result = plan(planInput(given));
    const seen = new Set([...result.changes, ...result.held, ...result.unmanaged, ...result.skipped].map((entry) => entry.name));
    assert.equal(result.summary.unchanged, given.desired.filter((module) => !seen.has(module.name)).length);
  }),
];

function names(plan: Plan): string[] {
  return plan.changes.map((change) => change.name);
}

function namesIn(text: string, pattern: RegExp): string[] {
  return text.split('\n').flatMap((line) => pattern.exec(line)?.[1] ?? []);
}
