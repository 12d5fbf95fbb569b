import { describe, expect, test } from 'vitest';
import { bundle, type Edit, load } from './support/bundle.ts';
import { properties } from './support/properties.ts';
import { mostWorlds, type Planner, type Property } from './support/property.ts';

/** Faults as they are made: each must be seen by a property, or the properties say less than they seem to. */
const faults: Record<string, Edit> = {
  'a changed spec is taken for the same': {
    file: 'src/plan/compare.ts',
    from: 'desired.specDigest === loaded.specDigest &&',
    to: '',
  },
  'changed code is taken for the same': { file: 'src/plan/compare.ts', from: 'desired.codeDigest === loaded.codeDigest &&', to: '' },
  'everything loaded is reloaded': { file: 'src/plan/compare.ts', from: 'if (again) {', to: 'if (again || loaded.state === "R") {' },
  'config is live for a module that cannot': {
    file: 'src/plan/diff.ts',
    from: "return loaded.reconfigurable && loaded.state === 'R'",
    to: 'return true',
  },
  'the diff stops at the first field': {
    file: 'src/plan/diff.ts',
    from: 'if (equal(before[name], after[name])) continue;',
    to: 'if (name > "c") continue;',
  },
  'a module without a difference is reloaded': {
    file: 'src/plan/compare.ts',
    from: 'if (fields.length === 0) return',
    to: "if (fields.length === 0 && loaded.state !== 'B') return",
  },
  'nothing waits for what it requires': {
    file: 'src/plan/order.ts',
    from: 'if (isAwaited(changes.get(other))) wait(change.name, other);',
    to: '{}',
  },
  'removals do not wait for dependents': { file: 'src/plan/order.ts', from: 'wait(gone.name, change.name)', to: '{}' },
  'removals wait the wrong way round': {
    file: 'src/plan/order.ts',
    from: 'wait(gone.name, change.name)',
    to: 'wait(change.name, gone.name)',
  },
  'ties are not broken by name': { file: 'src/plan/heap.ts', from: 'if (at(parent) <= at(index)) return;', to: 'return;' },
  'what was loaded by hand is removed': { file: 'src/plan/ownership.ts', from: "prune === 'all' ? null", to: "prune !== 'none' ? null" },
  'what was dropped is never removed': {
    file: 'src/plan/ownership.ts',
    from: 'loaded.spec.prune ? null',
    to: 'loaded.spec.prune && prune === "all" ? null',
  },
  'a disabled module is loaded': {
    file: 'src/plan/wanted.ts',
    from: 'if (module.spec.disabled)',
    to: 'if (module.spec.disabled && module.skip)',
  },
  'who requires a skipped one is loaded': {
    file: 'src/plan/standing.ts',
    from: 'if (gone.length === 0) return',
    to: 'if (gone.length >= 0) return',
  },
  'the lowest priority wins': { file: 'src/model/requires.ts', from: 'priority > least', to: 'priority < least' },
  'of equal priorities the last by name wins': { file: 'src/model/requires.ts', from: 'name < other', to: 'name > other' },
  'alternatives are forgotten': { file: 'src/model/requires.ts', from: 'alternatives?.get(service)', to: 'undefined' },
  'a provider that has nothing is loaded too': {
    file: 'src/plan/wanted.ts',
    from: 'if (losers.size === 0) return all;',
    to: 'return all;',
  },
  'a provider that has one of two services is skipped': {
    file: 'src/plan/choose.ts',
    from: 'if (having.has(name) ||',
    to: 'if ((having.has(name) && spec.provides.length < 2) ||',
  },
  'a winner that needs a loser is skipped for good': {
    file: 'src/plan/wanted.ts',
    from: 'barred.set(fallen, reason);',
    to: 'return rest;',
  },
  'who requires a service of nobody is loaded': {
    file: 'src/plan/standing.ts',
    from: 'if (left === 0) gone',
    to: 'if (left < 0) gone',
  },
  'a held provider counts as what it is to be': {
    file: 'src/plan/choose.ts',
    from: 'if (stays === null) offers',
    to: 'if (name !== "") offers',
  },
  'services stand for themselves in requirements': {
    file: 'src/plan/relations.ts',
    from: '(byService.get(name) ?? declared.get(name) ?? last.resolve(name))',
    to: 'last.resolve(name)',
  },
  'the service that loads a module is no requirement of it': {
    file: 'src/model/requires.ts',
    from: 'return service === null ? names : [...names, service];',
    to: 'return names;',
  },
  'what a service has loaded is not brought back with it': {
    file: 'src/plan/propagate.ts',
    from: '|| putOff.has(name)) return isInside &&',
    to: '|| putOff.has(name)) return false &&',
  },
  'a held module is lost with the service that it is in': {
    file: 'src/plan/propagate.ts',
    from: 'return isInside && holds.of(name)?.stopped !== true &&',
    to: 'return false &&',
  },
  'nobody follows a service to its next provider': {
    file: 'src/plan/propagate.ts',
    from: 'if (followSuccessor(',
    to: 'if (false && followSuccessor(',
  },
  'who is followed has not taken the service': { file: 'src/plan/propagate.ts', from: '|| !passesOn(draft, before, after)', to: '' },
  'the former provider goes before the next one comes': { file: 'src/plan/order.ts', from: 'need(change.name, successor);', to: '{}' },
  'a former provider goes though the next one does not come': { file: 'src/plan/plan.ts', from: 'keepReplaced(draft);', to: '' },
  'a module moves into a service that does not come': {
    file: 'src/plan/waiting.ts',
    from: '&& next.hostOf(spec) !== by) return false',
    to: ') return false',
  },
  'a provider is in use though another has the service too': {
    file: 'src/plan/drops.ts',
    from: 'name !== loader && isMet(name, by)',
    to: 'name === loader && isMet(name, by)',
  },
  'a hold is forgotten': { file: 'src/plan/holds.ts', from: 'byName.get(name) ?? all', to: 'all' },
  'what a held one requires is removed': { file: 'src/plan/plan.ts', from: 'keepRequired(draft);', to: '' },
  'a load does not mind that its requirement is held': { file: 'src/plan/plan.ts', from: 'skipWaiting(draft);', to: '' },
  'reload: true is forgotten': { file: 'src/plan/plan.ts', from: 'reloadDependents(draft);', to: '' },
  'a rename keeps no trace of the former name': { file: 'src/plan/decide.ts', from: 'renamed.add(from);', to: '' },
  'two modules take over the same one': {
    file: 'src/plan/renames.ts',
    from: 'claims.set(from, name);\n  }',
    to: 'renames.set(name, from);\n  }',
  },
  'what is adopted stays whose it was': {
    file: 'src/plan/compare.ts',
    from: "return adopting ? { action: 'adopt', reason: adopted, fields } : null",
    to: 'return null',
  },
  'a restarted daemon leaves modules where they are': {
    file: 'src/plan/compare.ts',
    from: '!loaded.started',
    to: 'loaded.started === null',
  },
  'a failed module is not tried again': {
    file: 'src/plan/compare.ts',
    from: 'loaded.failed && request.retryFailed',
    to: 'loaded.failed && again',
  },
  'a filter lets everything through': { file: 'src/plan/reach.ts', from: 'onlyPatterns.length === 0 ||', to: 'true ||' },
  'a run on one name is a run on all': {
    file: 'src/plan/reach.ts',
    from: 'names === null || names.has(name)',
    to: 'names === null || name !== ""',
  },
  'a module goes although it is in use': {
    file: 'src/plan/drops.ts',
    from: 'loaded.has(name) && users.length > 0',
    to: 'users.length > loaded.size',
  },
  'the limit of removals is off by one': { file: 'src/plan/guards.ts', from: 'ok: value <= countOf', to: 'ok: value < countOf' },
  'the laxer of two policies holds': { file: 'src/plan/guards.ts', from: 'modules) < countOf(next', to: 'modules) > countOf(next' },
  'an empty set is let through': { file: 'src/plan/guards.ts', from: 'if (wanted.size > 0 ||', to: 'if (wanted.size >= 0 ||' },
  'protection is forgotten': { file: 'src/plan/guards.ts', from: 'if (isProtected)', to: 'if (!isProtected && value.length > 9)' },
  'a secret is shown by its reference': {
    file: 'src/plan/walk.ts',
    from: 'holdsSecret(before) || holdsSecret(after)',
    to: 'before === after',
  },
  'the summary counts what it likes': { file: 'src/plan/assemble.ts', from: 'summary[action] += 1', to: 'summary[action] = 1' },
  'the time is part of the checksum': { file: 'src/plan/checksum.ts', from: 'id, createdAt, exitCode,', to: 'id, exitCode,' },
};

/** Which property sees a fault that the first worlds do not show, so that it is asked before the others. */
const seenBy: Partial<Record<string, string>> = {
  'config is live for a module that cannot': 'config is live only where the running instance can take it',
  'nothing waits for what it requires': 'what is loaded or reloaded waits for what it requires and stands after',
  'what was loaded by hand is removed': 'what was not loaded from the config and is not declared is left alone',
  'a disabled module is loaded': 'what is disabled, misses its condition or lacks what it requires is skipped, and nothing else is',
  'alternatives are forgotten': 'what is disabled, misses its condition or lacks what it requires is skipped, and nothing else is',
  'a provider that has one of two services is skipped':
    'what is disabled, misses its condition or lacks what it requires is skipped, and nothing else is',
  'a winner that needs a loser is skipped for good':
    'what is disabled, misses its condition or lacks what it requires is skipped, and nothing else is',
  'who requires a service of nobody is loaded':
    'what is disabled, misses its condition or lacks what it requires is skipped, and nothing else is',
  'a held provider counts as what it is to be':
    'what is disabled, misses its condition or lacks what it requires is skipped, and nothing else is',
  'the service that loads a module is no requirement of it': 'what is loaded or reloaded waits for what it requires and stands after',
  'what a service has loaded is not brought back with it': 'what a service loads comes after it, goes before it, and comes back with it',
  'who is followed has not taken the service': 'once a plan is applied there is nothing left to do',
  'the former provider goes before the next one comes':
    'no service is lost by a removal, not even for a while, if a module is wanted that provides it',
  'a former provider goes though the next one does not come':
    'no service is lost by a removal, not even for a while, if a module is wanted that provides it',
  'a module moves into a service that does not come': 'what a service loads comes after it, goes before it, and comes back with it',
  'a provider is in use though another has the service too': 'a removal takes what it names, and its dependents only if it is told to',
  'a load does not mind that its requirement is held': 'what a service loads comes after it, goes before it, and comes back with it',
  'what is adopted stays whose it was':
    'after it every wanted module is as declared, and nothing else is left but what the plan says stays',
  'a restarted daemon leaves modules where they are':
    'after it every wanted module is as declared, and nothing else is left but what the plan says stays',
  'a failed module is not tried again':
    'after it every wanted module is as declared, and nothing else is left but what the plan says stays',
  'the limit of removals is off by one': 'removals beyond the limit are refused, up to it they are not',
  'the laxer of two policies holds': 'removals beyond the limit are refused, up to it they are not',
  'an empty set is let through': 'removals beyond the limit are refused, up to it they are not',
  'protection is forgotten': 'an empty set and a protected module need to be allowed',
  'a secret is shown by its reference': 'no part of a secret is in the plan',
};

/** Worlds per property: few first for all of them, for most faults show at once in one of them. */
const steps = [0, 4, 16, 64, mostWorlds];

describe('the properties notice that', () => {
  for (const [title, edit] of Object.entries(faults)) {
    test(title, async () => {
      const { plan } = await load<{ plan: Planner }>(await bundle('src/plan/plan.ts', edit));
      const isSeen = (property: Property, from: number, to: number): boolean => !property.holds(plan, from, to);
      const first = properties.find((property) => property.title === seenBy[title]);
      const seen =
        (first !== undefined && isSeen(first, 0, mostWorlds)) ||
        steps.slice(1).some((to, index) => properties.some((property) => isSeen(property, steps[index] ?? 0, to)));
      expect(seen).toBe(true);
    });
  }
});
