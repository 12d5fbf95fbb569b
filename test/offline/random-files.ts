import * as fc from 'fast-check';
import type { Files } from './daemon.ts';

const names = ['a', 'b', 'c', 'd', 'e', 'f'];

/** What a config is made of. */
interface Draft {
  modules: Record<string, Entry>;
  included: Record<string, Entry>;
  policy: object;
  code: number[];
  note: number;
}

const drafts: fc.Arbitrary<Draft> = fc.record({
  modules: fc.dictionary(fc.constantFrom(...names), entry(), { minKeys: 1, maxKeys: 6 }),
  included: fc.dictionary(fc.constantFrom('g', 'h'), entry(), { maxKeys: 2 }),
  policy: fc.record(
    { prune: fc.constantFrom('owned', 'none', 'all'), maxRemovals: fc.constantFrom('50%', '100%', 1), allowEmpty: fc.boolean() },
    { requiredKeys: [] },
  ),
  code: fc.array(fc.nat(2), { minLength: 3, maxLength: 3 }),
  note: fc.nat(9).map((number) => (number > 7 ? 1 : 0)),
});

/** Two configs, files by name: of modules of both kinds that lean on each other, with code, secrets and an included file. The second is an edit of the first. */
export const randomPair: fc.Arbitrary<[Files, Files]> = fc
  .tuple(drafts, drafts, fc.subarray([...names, 'g', 'h']), fc.subarray(names), fc.boolean())
  .map(([a, b, changed, tuned, sameCode]) => {
    const modules = edited(a.modules, b.modules, changed);
    for (const name of tuned) if (modules[name] !== undefined) modules[name] = { ...modules[name], stopTimeout: '7s' };
    const next = { ...b, modules, included: edited(a.included, b.included, changed), ...(sameCode ? { code: a.code, note: a.note } : {}) };
    return [filesOf(a), filesOf(next)];
  });

function edited(before: Draft['modules'], other: Draft['modules'], changed: readonly string[]): Draft['modules'] {
  const kept = Object.entries(before).filter(([name]) => !changed.includes(name));
  return Object.fromEntries([...kept, ...Object.entries(other).filter(([name]) => changed.includes(name))]);
}

function filesOf({ modules, included, policy, code, note }: Draft): Files {
  const whole = { version: 1, policy: { watch: 'off', ...policy }, include: ['conf.d/*.yaml'], modules: known(modules, included) };
  return {
    'muster.yaml': `${JSON.stringify(whole, null, 1)}\n`,
    'conf.d/more.yaml': `${JSON.stringify({ modules: known(included, modules) }, null, 1).replaceAll('"./', '"../')}\n`,
    ...Object.fromEntries(code.map((version, index) => [`code/m${index}.mjs`, `export const main = () => ${version};\n`])),
    'note.txt': `${note}\n`,
  };
}

interface Entry extends Record<string, unknown> {
  requires?: string[];
  after?: string[];
  disabled?: boolean;
  renamedFrom?: string;
}

function entry(): fc.Arbitrary<Entry> {
  const common = {
    args: fc.constantFrom([], ['x'], ['x', 'y z']),
    env: fc.constantFrom({}, { A: '1' }, { A: null }, { TOKEN: { secret: 'env:SECRET_A' } }, { TOKEN: { secret: 'env:SECRET_B' } }),
    requires: fc.subarray(names, { maxLength: 2 }),
    after: fc.subarray(names, { maxLength: 1 }),
    provides: fc.subarray(['s1', 's2'], { maxLength: 1 }),
    priority: fc.constantFrom(0, 5),
    disabled: fc.constantFrom(false, false, false, true),
    protect: fc.constantFrom(false, false, false, true),
    prune: fc.constantFrom(true, true, false),
    onlyIf: fc.constantFrom({ env: ['THERE'] }, { env: ['!THERE'] }, { modules: ['a'] }),
    renamedFrom: fc.constantFrom(...names),
    files: fc.constant(['./note.txt']),
    stopTimeout: fc.constantFrom('5s', '10s'),
  };
  const command = fc.record(
    { command: fc.constantFrom(['sleep', '1'], ['sleep', '2'], ['sh', '-c', 'sleep 3']), cwd: fc.constantFrom('.', './code'), ...common },
    { requiredKeys: ['command', 'disabled'] },
  );
  const code = fc.record(
    {
      module: fc.constantFrom('./code/m0.mjs', './code/m1.mjs', './code/m2.mjs'),
      config: fc.constantFrom({}, { ttl: 30 }, { ttl: 60 }, { password: '$' + '{SECRET_A}' }, { deep: { token: 'x$' + '{SECRET_B}' } }),
      isolation: fc.constantFrom('thread', 'shared'),
      ...common,
    },
    { requiredKeys: ['module', 'disabled'] },
  );
  return fc.oneof(command, code) as fc.Arbitrary<Entry>;
}

/** What somebody did by hand since. What is impossible is not done. */
export const randomDeeds = fc.array(
  fc.oneof(
    fc.record({ do: fc.constant('hold' as const), name: fc.constantFrom(...names, '*') }),
    fc.record({ do: fc.constant('load' as const), name: fc.constantFrom(...names, 'x') }),
    fc.record({ do: fc.constant('remove' as const), name: fc.constantFrom(...names) }),
    fc.record({ do: fc.constant('stop' as const), name: fc.constantFrom(...names) }),
    fc.record({ do: fc.constant('set' as const), name: fc.constantFrom(...names), key: fc.constantFrom('own', 'password') }),
  ),
  { maxLength: 3 },
);
export type Deed = typeof randomDeeds extends fc.Arbitrary<(infer D)[]> ? D : never;

/** Without requirements on what is not there, and without a name that is claimed twice. */
function known(declared: Record<string, Entry>, others: Record<string, Entry>): Record<string, Entry> {
  const claimed = new Set<string>();
  return Object.fromEntries(
    Object.entries(declared).map(([name, fields]) => {
      const { requires, after, renamedFrom, ...rest } = fields;
      // Only names before, so that there is no cycle.
      const there = (requires ?? []).filter((other) => other < name && (declared[other] ?? others[other])?.disabled === false);
      const before = (after ?? []).filter((other) => other < name);
      const free = renamedFrom !== undefined && !(renamedFrom in declared) && !(renamedFrom in others) && !claimed.has(renamedFrom);
      if (free) claimed.add(renamedFrom);
      return [name, { ...rest, after: before, ...(there.length === 0 ? {} : { requires: there }), ...(free ? { renamedFrom } : {}) }];
    }),
  );
}
