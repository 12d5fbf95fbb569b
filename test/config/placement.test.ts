import { expect, test } from 'vitest';
import { compileText, entryOf, found } from './setting.ts';

const config = (...entries: string[]): string => `version: 1\nmodules:\n${entries.map((entry) => `  ${entry}\n`).join('')}`;

/** What is said of where a module runs -> the findings. */
const table: Record<string, [text: string, ...findings: string[]]> = {
  'a group, a runner and a heap that fit': [
    config(
      'a: {module: m, isolation: shared, threadGroup: edge, runner: two}',
      'b: {module: m, maxHeap: 64M}',
      'c: {module: m, isolation: process, maxHeap: 64M}',
    ),
  ],
  'a group without a shared thread': [config('a: {module: m, threadGroup: edge}'), '3:18 misplacedField'],
  'a runner of a module that has its own': [config('a: {module: m, isolation: process, runner: two}'), '3:38 misplacedField'],
  'limits of a thread': [
    config('a: {module: m, cgroup: {pidsMax: 9}}', 'b: {module: m, isolation: process, cgroup: {pidsMax: 9}}'),
    '3:18 misplacedField',
  ],
  'a containment of a thread': [config('a: {module: m, isolation: shared, containment: cgroup}'), '3:37 misplacedField'],
  'a thread of another user': [
    config(
      'a: {module: m, user: x, rlimits: {core: 0}}',
      'b: {module: m, isolation: shared, umask: "077", noNewPrivileges: false}',
      'c: {module: m, isolation: process, user: x, group: x, groups: [x], umask: "077", rlimits: {core: 0}, noNewPrivileges: true, allowRoot: true}',
      'c.d: {module: m, user: x}',
    ),
    '3:18 misplacedField',
    '3:27 misplacedField',
    '4:37 misplacedField',
    '6:20 misplacedField',
  ],
  'a heap in a shared thread': [config('a: {module: m, isolation: shared, maxHeap: 64M}'), '3:37 misplacedField'],
  'names of a group and a runner that are none': [
    config('a: {module: m, isolation: shared, threadGroup: "a b", runner: ""}'),
    '3:50 badValue',
    '3:65 badValue',
  ],
  'a module that a service loads with a place of its own': [
    config(
      'g.a: {module: m, isolation: shared, threadGroup: x, runner: two, maxHeap: 64M}',
      'b: {module: m, service: g, isolation: thread}',
    ),
    '3:20 misplacedField',
    '3:39 misplacedField',
    '3:55 misplacedField',
    '3:68 misplacedField',
    '4:30 misplacedField',
  ],
  'a command that a service loads': [
    config('g.a: {command: [c]}', 'b: {command: [c], service: g}', 'c.d: {command: [c], service: none}'),
    '3:3 hostedCommand',
    '4:21 hostedCommand',
  ],
  'a service that is no name': [
    config('a: {module: m, service: "x y", provides: [muster, "a b", x.y]}'),
    '3:27 badValue',
    '3:45 badValue',
    '3:53 badValue',
  ],
};

for (const [what, [text, ...findings]] of Object.entries(table)) {
  test(`${what}: ${findings.join(', ') || 'nothing to say'}`, async () => expect(found(await compileText(text))).toEqual(findings));
}

test('the service that loads a module is the one it names, or what its name says before the last period', async () => {
  const outcome = await compileText(
    config(
      'g: m',
      'g.a: m',
      'g.a.b: m',
      'c: {module: m, service: g.a}',
      'd.e: {module: m, service: none}',
      'f: {module: m, service: none}',
      'c.x: {module: m, service: g}',
    ),
  );
  const services = ['g', 'g.a', 'g.a.b', 'c', 'd.e', 'f', 'c.x'].map((name) => entryOf(outcome, name).spec.service);
  expect(services).toEqual([undefined, 'g', 'g.a', 'g.a', undefined, undefined, 'g']);
});

test('defaults for places are taken where they make sense', async () => {
  const defaults = 'defaults: {code: {isolation: shared, threadGroup: edge, runner: two}}\n';
  const outcome = await compileText(
    defaults + config('a: m', 'g.a: m', 'b: {module: m, isolation: thread}', 'c: {module: m, isolation: process, maxHeap: 64M}'),
  );
  expect(entryOf(outcome, 'a').spec).toMatchObject({ isolation: 'shared', threadGroup: 'edge', runner: 'two' });
  for (const name of ['g.a', 'b', 'c']) expect(entryOf(outcome, name).spec).not.toHaveProperty('threadGroup');
  expect(entryOf(outcome, 'g.a').spec).toMatchObject({ isolation: 'thread', runner: 'main', service: 'g' });
  expect(entryOf(outcome, 'b').spec).toMatchObject({ isolation: 'thread', runner: 'two' });
  expect(entryOf(outcome, 'c').spec).toMatchObject({ isolation: 'process', runner: 'main', maxHeap: 64 * 1024 ** 2 });
});

test('a user that is the default is that of the modules with a process', async () => {
  const defaults = 'defaults: {code: {user: web, umask: "077", noNewPrivileges: true}}\n';
  const outcome = await compileText(defaults + config('a: m', 'a.b: m', 'b: {module: m, isolation: process}'));
  for (const name of ['a', 'a.b']) {
    expect(entryOf(outcome, name).spec).not.toHaveProperty('user');
    expect(entryOf(outcome, name).spec).toMatchObject({ noNewPrivileges: false });
  }
  expect(entryOf(outcome, 'b').spec).toMatchObject({ user: 'web', umask: '0077', noNewPrivileges: true });
});

test('the order of services means nothing, nor does the own name among them', async () => {
  const outcome = await compileText(config('a: {module: m, provides: [y, a, x, y]}', 'b: {module: m, provides: [b]}'));
  expect([entryOf(outcome, 'a').spec.provides, entryOf(outcome, 'b').spec.provides]).toEqual([['x', 'y'], []]);
});
