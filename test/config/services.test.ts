import { expect, test } from 'vitest';
import { compileText, found, good, setting } from './setting.ts';

const head = 'version: 1\nmodules:\n';
const two = `${head}  fast: {module: m, provides: [sched], priority: 10}\n  simple: {module: m, provides: [sched]}\n`;

/** What is said of services -> the findings. */
const table: Record<string, [text: string, ...findings: string[]]> = {
  'a requirement of a service': [`${two}  app: {module: m, requires: [sched], after: [sched]}\n`],
  'a requirement of a service that only a disabled module provides': [
    `${head}  a: {module: m, provides: [s], disabled: true}\n  b: {module: m, requires: [s]}\n`,
    '4:29 disabledRequirement',
  ],
  'a requirement of a service that a disabled and another module provide': [
    `${head}  a: {module: m, provides: [s], disabled: true}\n  c: {module: m, provides: [s]}\n  b: {module: m, requires: [s]}\n`,
  ],
  'a service that has the name of a module': [`${head}  a: {module: m, provides: [b]}\n  b: m\n`, '3:3 serviceTaken'],
  'a service that has the name of a disabled module': [
    `${head}  a: {module: m, provides: [b]}\n  b: {module: m, disabled: true}\n  c: {module: m, requires: [b]}\n`,
  ],
  'a cycle over a service': [
    `${two}  app: {module: m, requires: [sched]}\n  x: m\n`.replace('priority: 10', 'priority: 10, requires: [app]'),
    '5:31 cycle',
  ],
  'no cycle over a service that another has': [
    `${two}  app: {module: m, requires: [sched]}\n`.replace(
      '{module: m, provides: [sched]}',
      '{module: m, provides: [sched], requires: [app]}',
    ),
  ],
  'a cycle over the one that alternatives name': [
    `${two}  app: {module: m, requires: [sched]}\nalternatives: {sched: simple}\n`.replace(
      '{module: m, provides: [sched]}',
      '{module: m, provides: [sched], requires: [app]}',
    ),
    '5:31 cycle',
  ],
  'a cycle over the service that loads a module': [`${head}  g: {module: m, requires: [g.a]}\n  g.a: m\n`, '3:29 cycle'],
  'a service that would load itself': [`${head}  a: {module: m, service: a}\n`, '3:3 cycle'],
  'components of a gateway at one place': [
    `${head}  g: {module: builtin:gateway}\n  a.org: {module: m, service: g}\n  b: {module: m, service: g, config: {mount: [/x, A.org]}}\n  c: {module: m, service: g, config: {mount: /x/}}\n`,
    '5:3 mountTaken',
    '6:3 mountTaken',
  ],
  'components at one place of which one is loaded, or of two gateways': [
    `${head}  g: {module: builtin:gateway}\n  h: {module: builtin:gateway, config: {listen: "127.0.0.1:1"}}\n  a.org: {module: m, service: g, onlyIf: {env: [X]}}\n  b: {module: m, service: g, config: {mount: a.org}}\n  c: {module: m, service: h, config: {mount: a.org}}\n`,
  ],
  'modules that listen at one address': [
    `${head}  g: {module: builtin:gateway}\n  m: {module: builtin:metrics, config: {listen: "127.0.0.1:8080"}}\n  h: {module: builtin:gateway, config: {listen: ["unix:/x", "127.0.0.1:1"]}}\n  i: {module: builtin:gateway, config: {listen: ["unix:/x", "0.0.0.0:1", "[::]:9"]}}\n`,
    '4:3 addressTaken',
    '6:3 addressTaken',
    '6:3 addressTaken',
  ],
  'modules that listen at any port, or of which one is loaded, or whose address nobody knows yet': [
    `${head}  g: {module: builtin:gateway, config: {listen: 0}}\n  h: {module: builtin:gateway, config: {listen: 0}}\n  i: {module: builtin:gateway}\n  j: {module: builtin:gateway, onlyIf: {env: [X]}}\n  k: {module: builtin:gateway, disabled: true}\n  l: {module: builtin:gateway, config: {listen: {secret: "env:X"}}}\n`,
  ],
  'what is no place of a component': [
    `${head}  g: {module: builtin:gateway}\n  a: {module: m, service: g, config: {mount: [/x, 5, "a b/"]}}\n`,
    '4:3 badValue',
    '4:3 badValue',
  ],
  'a module loaded by a disabled one': [`${head}  g: {module: m, disabled: true}\n  g.a: m\n`, '4:3 disabledRequirement'],
  'a module loaded by a service that is not declared is for the planner to judge': [`${head}  g.a: m\n`],
  'alternatives that fit': [`${two}alternatives: {sched: simple, x-note: anything}\n`],
  'alternatives that are unknown, disabled, or provide something else': [
    `${two}  off: {module: m, provides: [sched], disabled: true}\n  other: m\nalternatives:\n  sched: nobody\n`,
    '8:10 unknownAlternative',
  ],
  'an alternative that is disabled': [
    `${two}  off: {module: m, provides: [sched], disabled: true}\nalternatives: {sched: off}\n`,
    '6:23 disabledAlternative',
  ],
  'an alternative that provides something else': [`${two}  other: m\nalternatives: {sched: other}\n`, '6:23 badAlternative'],
  'an alternative of a service of nobody': [`${two}alternatives: {shed: simple}\n`, '5:22 badAlternative'],
  'alternatives that are none': [`${two}alternatives: [x]\n`, '5:1 wrongType'],
  'an alternative that is no name': [`${two}alternatives: {sched: [simple]}\n`, '5:23 wrongType'],
};

for (const [what, [text, ...findings]] of Object.entries(table)) {
  test(`${what}: ${findings.join(', ') || 'nothing to say'}`, async () => expect(found(await compileText(text))).toEqual(findings));
}

test('a cycle over services is printed by the modules in it', async () => {
  const outcome = await compileText(`${head}  gateway: {module: m, requires: [db]}\n  gateway.a: {module: m, provides: [db]}\n`);
  expect(outcome.ok ? [] : outcome.diagnostics.map(({ message }) => message)).toEqual([
    'these wait for each other: gateway -> gateway.a -> gateway',
  ]);
});

test('alternatives come from all files, the later over the earlier, and null takes one back', async () => {
  const files = setting(
    {
      'muster.yaml': `${two}  more: {module: m, provides: [sched, log]}\ninclude: [inc.yaml]\nalternatives: {sched: simple}\n`,
      'inc.yaml': 'modules: {}\nalternatives: {log: "${'.concat('WHO}"}\n'),
      'over.yaml': 'modules: {}\nalternatives: {sched: null, log: more}\n',
      'twice.yaml': `${two}include: [again.yaml]\nalternatives: {sched: simple}\n`,
      'again.yaml': 'modules: {}\nalternatives: {sched: fast}\n',
    },
    { WHO: 'more' },
  );
  expect([...good(await files.compile()).alternatives]).toEqual([
    ['sched', 'simple'],
    ['log', 'more'],
  ]);
  expect([...good(await files.compile('muster.yaml', 'over.yaml')).alternatives]).toEqual([['log', 'more']]);
  expect(found(await files.compile('twice.yaml'))).toContain('again.yaml:2:16 duplicateAlternative');
});
