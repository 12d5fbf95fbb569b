// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how a config refers to variables

import { expect, test } from 'vitest';
import type { ConfigOutcome } from '../../src/model/config-set.ts';
import { fc } from '../support/properties.ts';
import { good, setting } from './setting.ts';

/** Everything that anyone can see of an outcome. */
function visible(outcome: ConfigOutcome): unknown {
  if (!outcome.ok) return outcome;
  return { ...outcome.config, modules: [...outcome.config.modules] };
}

const names = ['a', 'b', 'c', 'web', 'x-y', 'a.b'];
const domains = ['example.com', 'Example.com', 'a.example.com', 'b.example.com', 'x-host', 'web'];
const lines = [
  'version: 1',
  'modules:',
  'modules: {}',
  'modules: # all of them',
  'policy: {watch: off}',
  'policy:',
  '  watch: apply',
  'defaults:',
  '  code: {stopTimeout: 1s}',
  '  code: {stopTimeout: 2s, requires: [a]}',
  'x-notes: |',
  'x-base: &base',
  'include: [conf.d/*.yaml]',
  '',
  '   ',
  '# a comment',
  '  # one further in',
  '      # one far in',
  '---',
  '...',
  '%YAML 1.2',
  ...names.flatMap((name) => [
    `  ${name}: ./${name}.ts`,
    `  ${name}:`,
    `    ${name}:`,
    `  "${name}": ./q.ts`,
    `  ${name}: {module: m`,
    `  ${name}: &${name} {module: m}`,
  ]),
  '    module: ./m.ts',
  '    module: m # why',
  '    command: [node, server.js]',
  '    args: [a,',
  '      b]',
  '    args:',
  '    - one',
  '      - two',
  '  - three',
  '    requires: [a]',
  '    requires: [b, web]',
  '    config:',
  '      text: |',
  '      text: >+',
  '      text: |2',
  '        deep',
  '          deeper',
  '    shallow',
  '      quoted: "begins',
  '      ends"',
  'ends at the left"',
  "      single: 'it''s",
  '    config: {k: *a}',
  '    config: {k: &a 1}',
  '    <<: *base',
  '    <<: {args: [x]}',
  '    env: {A: "${HOME}", PASSWORD: "${HOME}"}',
  '    env: {B: "${UNSET}"}',
  '    nonsense: 1',
  '    disabled: true',
  '\tmodule: x',
  '    key:\tvalue',
  '    config: !tag x',
  '    config: !!map {}',
  '  ? a',
  '  : b',
  '}',
  ']',
  '    ? complex',
  '    module: m\r',
  '  b: m\r',
  'hosts:',
  'hosts: {}',
  'hosts: {example.org: {components: {a.example.org: m}}}',
  'modules: {a: ./a.ts}',
  'hosts: # virtual ones',
  '  hosts: {config: {team: a}}',
  ...domains.flatMap((domain) => [
    `  ${domain}: {}`,
    `  ${domain}: ./h.ts`,
    `  ${domain}: {components: {${domain}.net: m}}`,
    `  ${domain}:`,
    `      ${domain}: m`,
    `      ${domain}:`,
    `    ${domain}: m`,
  ]),
  '    components:',
  '    components: {}',
  '    components: # of it',
  '  components:',
  '    service: none',
  '    service: gateway # who',
  '    config: {auth: b}',
  '    proxy: 1.2.3.4:5',
  '        static: ./public',
  '        module: ./m.ts',
  '        config: {auth: own}',
  '        requires: [a]',
  '      x-notes: 1',
];

const header = ['version: 1', 'modules:'];
const entry = fc.oneof(
  fc.constantFrom(...names.slice(0, 4)).map((name) => [`  ${name}: ./${name}.ts`]),
  fc
    .constantFrom(...names.slice(0, 4))
    .map((name) => [`  ${name}:`, `    module: ./${name}.ts`, '    config:', '      text: |', '        some', '        text', '']),
  fc.constantFrom(...names.slice(0, 4)).map((name) => [`  ${name}:`, '    command: [node, x]', '    requires: [a]', '    # remark']),
);
const entries = fc.array(entry, { minLength: 1, maxLength: 5 }).map((list) => {
  const seen = new Set<string>();
  return list.filter(([first = '']) => !seen.has(first.split(':')[0] ?? '') && seen.add(first.split(':')[0] ?? '')).flat();
});
const component = fc.oneof(
  fc.constantFrom('a.example.com', 'b.example.com', 'B.example.com').map((domain) => [`      ${domain}: ./a.ts`]),
  fc
    .constantFrom('a.example.com', 'c.example.com')
    .map((domain) => [`      ${domain}:`, '        module: ./a.ts', '        config:', '          text: |', '            some', '']),
);
const host = fc
  .record({
    domain: fc.constantFrom('example.com', 'example.org'),
    fields: fc.subarray(['    service: none', '    config: {auth: a}', '    # remark', '    requires: [a]']),
    components: fc.array(component, { maxLength: 3 }),
    after: fc.subarray(['    stopTimeout: 1s', '']),
  })
  .map(({ domain, fields, components, after }) => {
    const inside = components.length === 0 ? [] : ['    components:', ...components.flat()];
    return [`  ${domain}:${fields.length + inside.length + after.length === 0 ? ' {}' : ''}`, ...fields, ...inside, ...after];
  });
const short = fc.constantFrom('  short.example: {config: {a: 1}, requires: [a]}', '  short.example: ./h.ts').map((line) => [line]);
const hosts = fc.array(fc.oneof(host, short), { maxLength: 2 }).map((list) => (list.length === 0 ? [] : ['hosts:', ...list.flat()]));
const edit = fc.record({
  at: fc.nat(40),
  drop: fc.nat(2),
  insert: fc.array(fc.constantFrom(...lines), { maxLength: 2 }),
  undo: fc.boolean(),
});

test('a compiler that has seen other versions of the text says the same as one that has not', async () => {
  await fc.assert(
    fc.asyncProperty(entries, hosts, fc.array(edit, { minLength: 1, maxLength: 6 }), fc.boolean(), async (modules, below, edits, crlf) => {
      const old = setting({}, { HOME: '/home/x' });
      let text = [...header, ...modules, ...below];
      const check = async (now: readonly string[]): Promise<void> => {
        const whole = `${now.join(crlf ? '\r\n' : '\n')}\n`;
        old.files['/etc/muster.yaml'] = whole;
        const outcome = await old.compile();
        const fresh = await setting({ 'muster.yaml': whole }, { HOME: '/home/x' }).compile();
        expect(visible(outcome)).toEqual(visible(fresh));
      };
      await check(text);
      for (const { at, drop, insert, undo } of edits) {
        const before = text;
        text = [...text];
        text.splice(Math.min(at, text.length), drop, ...insert);
        await check(text);
        if (undo) {
          text = before;
          await check(text);
        }
      }
    }),
    { numRuns: Number(process.env.MUSTER_RUNS ?? 400) },
  );
});

test('an entry whose text is unchanged is the same object, wherever it has moved', async () => {
  const text = (gap: string, port: number): string =>
    `version: 1\n${gap}modules:\n  a:\n    module: ./a.ts\n    config: {port: ${port}}\n  b:\n    command: [b]\n    requires: [a]\n`;
  const config = setting({ 'muster.yaml': text('', 1) });
  const first = good(await config.compile());
  config.files['/etc/muster.yaml'] = text('# more\n\n', 2);
  const second = good(await config.compile());
  expect(second.modules.get('b')?.entry).toBe(first.modules.get('b')?.entry);
  expect(second.modules.get('b')?.source).toMatchObject({ line: 8, column: 3 });
  expect(second.modules.get('a')?.entry).not.toBe(first.modules.get('a')?.entry);
});

test('an entry that is only written in another way is the same object', async () => {
  const config = setting({ 'muster.yaml': 'version: 1\nmodules:\n  a: ./a.ts\n  b: {command: [b], env: {X: "1"}}\n' });
  const first = good(await config.compile());
  config.files['/etc/muster.yaml'] =
    'version: 1\nmodules:\n  b:\n    env: {X: 1}\n    command: ["b"]\n    stopSignal: SIGTERM\n  a: {module: "./a.ts", requires: []}\n';
  const second = good(await config.compile());
  for (const name of ['a', 'b']) expect(second.modules.get(name)?.entry).toBe(first.modules.get(name)?.entry);
});

test('while no byte changes it is the same set, whatever is compiled in between', async () => {
  const config = setting({
    'muster.yaml': 'version: 1\nmodules: {a: m}\n',
    'other.yaml': 'version: 1\nmodules: {b: m}\n',
    'bad.yaml': 'modules: []\n',
  });
  const first = await config.compile();
  await config.compile('other.yaml');
  const bad = await config.compile('bad.yaml');
  expect(await config.compile()).toBe(first);
  expect(await config.compile('bad.yaml')).toBe(bad);
});
