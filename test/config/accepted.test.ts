// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how a config refers to variables
import { expect, test } from 'vitest';
import { compileText, entryOf, found, good, setting } from './setting.ts';

/** Two texts of one entry `a` that mean the same. */
const same: Record<string, [one: string, other: string]> = {
  'a string and a map': ['a: ./a.ts', 'a: {module: ./a.ts}'],
  'forms of a requirement': ['a: {module: m, requires: [b, c]}', 'a: {module: m, requires: [{name: c}, {name: b, reload: false}, c]}'],
  'a default written out': [
    'a: {module: m}',
    'a: {module: m, isolation: thread, stopTimeout: 10s, restart: {policy: onFailure}, service: none, args: []}',
  ],
  'quotes, order and units': [
    'a: {command: [c], stopTimeout: 60s, env: {X: "1"}}',
    'a: {env: {X: 1}, \'command\': ["c"], stopTimeout: 1m}',
  ],
  'numbers as they are written': [
    'a: {command: [c, "1.10", "0x1F"], args: ["08"], env: {X: "007"}}',
    'a: {command: [c, 1.10, 0x1F], args: [08], env: {X: 007}}',
  ],
  'an alias and what it stands for': ['a: {module: m, args: [x]}\n  x-base: 1', 'x-base: &b {args: [x]}\n  a: {<<: *b, module: m}'],
  'own keys over merged ones': [
    'a: {module: m, args: [x]}',
    'x-b: &b {args: [y]}\n  x-c: &c {args: [z]}\n  a: {args: [x], <<: [*b, *c], module: m}',
  ],
  'an interpolated number and one written': [
    'a: {module: m, disabled: "${NO}", stopTimeout: "${N}s"}',
    'a: {module: m, disabled: false, stopTimeout: 5s}',
  ],
  'a mask, a user and a port with and without quotes': [
    'a: {command: [c], umask: "0022", user: "1000", ready: {tcp: "8080"}, rlimits: {nofile: 10}}',
    'a: {command: [c], umask: 022, user: 1000, ready: {tcp: 8080}, rlimits: {nofile: "10"}}',
  ],
  'notify by name and by value': ['a: {command: [c], ready: notify}', 'a: {command: [c], ready: {notify: true}}'],
  'alive by name and by value': ['a: {command: [c], ready: alive}', 'a: {command: [c], ready: {alive: 250ms}}'],
};

for (const [what, [one, other]] of Object.entries(same)) {
  test(`${what} mean the same`, async () => {
    const compile = (entry: string) => compileText(`version: 1\nmodules:\n  ${entry}\n  b: m\n  c: m\n`, { N: '5', NO: 'false' });
    const [first, second] = [entryOf(await compile(one), 'a'), entryOf(await compile(other), 'a')];
    expect(second).toEqual(first);
    expect(Object.isFrozen(first.spec.env)).toBe(true);
  });
}

test('what only says when to act is no part of the digest; everything else is', async () => {
  const digest = async (fields: string) => entryOf(await compileText(`version: 1\nmodules:\n  a: {module: m, ${fields}}\n`), 'a').digest;
  const plain = await digest('args: []');
  for (const ignored of ['disabled: true', 'renamedFrom: b', 'onlyIf: {env: [X]}', 'files: [x]']) expect(await digest(ignored)).toBe(plain);
  for (const counted of ['args: [x]', 'stopTimeout: 1s', 'env: {A: null}', 'protect: true']) expect(await digest(counted)).not.toBe(plain);
});

test('paths start from the folder of the file that names them', async () => {
  const config = setting(
    {
      'muster.yaml': 'version: 1\nmodulePath: [./modules, /abs]\ninclude: [sub/*.yaml]\ndefaults: {code: {files: [d.txt]}}\nmodules: {}\n',
      'sub/a.yaml':
        'modules:\n  a: {module: ./a.ts}\n  bare: {module: a.ts, files: [../w.txt]}\n  b: {module: "builtin:b"}\n  c: {command: [./c], env: {T: {secret: "file:t"}}}\n  d: {command: [d], cwd: ../x}\n',
    },
    { MUSTER_MODULE_PATH: '/one::/two' },
  );
  const outcome = await config.compile();
  expect(good(outcome).modulePath).toEqual(['/etc/modules', '/abs', '/one', '/two']);
  expect(entryOf(outcome, 'a').spec).toMatchObject({ module: '/etc/sub/a.ts', files: ['/etc/d.txt'] });
  expect(entryOf(outcome, 'bare').spec).toMatchObject({ module: 'a.ts', files: ['/etc/w.txt'] });
  expect(entryOf(outcome, 'b').spec).toMatchObject({ module: 'builtin:b' });
  expect(entryOf(outcome, 'c').spec).toMatchObject({ command: ['./c'], cwd: '/etc', env: { T: { secret: 'file:/etc/sub/t' } } });
  expect(entryOf(outcome, 'd').spec).toMatchObject({ cwd: '/etc/x' });
  expect(good(outcome).files.map(({ path }) => path)).toEqual(['/etc/muster.yaml', '/etc/sub/a.yaml']);
  expect(good(outcome).watch).toEqual(['/etc/sub']);
});

test('variables are filled in in strings alone, and their values are never anything but strings', async () => {
  const env = { X: 'x: [y]', EMPTY: '', N: '5' };
  const text =
    'version: 1\nmodules:\n  a:\n    module: m\n    args: ["${X}", "${NO:-d}", "${EMPTY:-e}", "[${EMPTY}]", "$$X $${X}", "$ $1 ${1} ${", "${N}"]\n    config: {n: "${N}", "${X}": 1}\n';
  expect(entryOf(await compileText(text, env), 'a').spec).toMatchObject({
    args: ['x: [y]', 'd', 'e', '[]', '$X ${X}', '$ $1 ${1} ${', '5'],
    config: { n: '5', '${X}': 1 },
  });
});

test('a value from a variable under a key that looks secret never stands in the spec', async () => {
  const text = [
    'version: 1\nmodules:\n  a:\n    module: m',
    '    env: {API_TOKEN: "${S}", PLAIN: "${S}", SSHKEY: literal, Pass: "a-${S}-$$"}',
    '    config: {db: {password: "${S}", port: 1}, secrets: [{x: "${S}"}], typed: {secret: "env:S"}, secret: no}\n',
  ].join('\n');
  const { spec, secrets } = entryOf(await compileText(text, { S: 'hunter2' }), 'a');
  expect(spec.env).toEqual({ API_TOKEN: { secret: 'text:${S}' }, PLAIN: 'hunter2', SSHKEY: 'literal', Pass: { secret: 'text:a-${S}-$$' } });
  expect(spec).toMatchObject({
    config: {
      db: { password: { secret: 'text:${S}' } },
      secrets: [{ x: { secret: 'text:${S}' } }],
      typed: { secret: 'env:S' },
      secret: 'no',
    },
  });
  expect(secrets).toEqual([
    ['env', 'API_TOKEN'],
    ['env', 'Pass'],
    ['config', 'db', 'password'],
    ['config', 'secrets', '0', 'x'],
    ['config', 'typed'],
  ]);
});

test('defaults stand under each entry of their kind; maps merge, lists do not, null takes them back', async () => {
  const outcome = await compileText(
    'version: 1\ndefaults:\n  code: {env: {A: "1", B: "2"}, args: [x], startTimeout: 1s}\n  command: {stopTimeout: 2s}\nmodules:\n  a: {module: m, env: {B: null, C: "3"}, args: [y], startTimeout: null}\n  c: {command: [c]}\n',
  );
  expect(entryOf(outcome, 'a').spec).toMatchObject({
    env: { A: '1', B: null, C: '3' },
    args: ['y'],
    startTimeout: 30_000,
    stopTimeout: 10_000,
  });
  expect(entryOf(outcome, 'c').spec).toMatchObject({ args: [], stopTimeout: 2000 });
});

test('another test takes the place of the one below, settings stay', async () => {
  const outcome = await compileText(
    'version: 1\ndefaults:\n  command: {ready: {alive: 1s}, health: {tcp: 1, interval: 9s, timeout: 1s}}\nmodules:\n  a: {command: [c], ready: {tcp: 2}, health: {http: "http://x/", timeout: 3s}}\n  b: {command: [c], health: {failures: 1}}\n',
  );
  expect(entryOf(outcome, 'a').spec).toMatchObject({ ready: { tcp: '2' }, health: { http: 'http://x/', interval: 9000, timeout: 3000 } });
  expect(entryOf(outcome, 'b').spec).toMatchObject({ ready: { alive: 1000 }, health: { tcp: '1', failures: 1 } });
});

test('a later -c file merges over an earlier one: maps by key, lists whole, null removes', async () => {
  const config = setting({
    'muster.yaml':
      'version: 1\ninclude: [more.yaml]\nmodules:\n  a: ./a.ts\n  b: {command: [b, x], env: {A: "1", B: "2"}, args: [z], stopTimeout: 3s}\npolicy: {watch: apply, maxRemovals: 3}\n',
    'more.yaml': 'modules: {c: m, d: m}\n',
    'sub/over.yaml':
      'modules:\n  a: {args: [q], files: [f]}\n  b: {command: [y], env: {A: null, C: "3", D: null}, args: null}\n  c: null\n  e: null\n  d: {startTimeout: 9s, protect: null}\npolicy: {watch: off}\n',
  });
  const outcome = await config.compile('muster.yaml', 'sub/over.yaml');
  expect([...good(outcome).modules.keys()].sort()).toEqual(['a', 'b', 'd']);
  expect(entryOf(outcome, 'a').spec).toMatchObject({ module: '/etc/a.ts', args: ['q'], files: ['/etc/sub/f'] });
  expect(entryOf(outcome, 'b').spec).toMatchObject({
    command: ['y'],
    cwd: '/etc',
    env: { B: '2', C: '3', D: null },
    args: [],
    stopTimeout: 3000,
  });
  expect(entryOf(outcome, 'd').spec).toMatchObject({ startTimeout: 9000 });
  expect(good(outcome).policy).toMatchObject({ watch: 'off', maxRemovals: 3 });
  expect(await config.compile('muster.yaml', 'sub/over.yaml')).toBe(outcome);
});

test('includes: one bad file among good ones, the same module twice, what only the main file may say', async () => {
  const config = setting({
    'muster.yaml': 'version: 1\nmodules: {a: m}\ninclude: [conf.d/*.yaml, muster.yaml, conf.d/b.yaml]\n',
    'conf.d/b.yaml': 'modules:\n  b: m\n  a: m\n',
    'conf.d/c.yaml': 'modules: {c: m\n',
    'conf.d/d.yaml': 'policy: {}\nmodules: {d: {modul: x}}\n',
    'conf.d/e.yaml': null,
  });
  const outcome = await config.compile();
  expect(found(outcome)).toEqual([
    '3:11 unreadableFile',
    'conf.d/b.yaml:3:3 duplicateModule',
    'conf.d/c.yaml:2:1 syntax',
    'conf.d/d.yaml:1:1 mainOnly',
    'conf.d/d.yaml:2:15 unknownKey',
  ]);
  expect(outcome).toMatchObject({ ok: false, watch: ['/etc/conf.d'] });
});

test('a pattern that matched and matches nothing now is an error, until it is gone from the config', async () => {
  const config = setting({
    'muster.yaml': 'version: 1\nmodules: {a: m}\ninclude: [conf.d/*.yaml]\n',
    'conf.d/b.yaml': 'modules: {b: m}\n',
  });
  good(await config.compile());
  delete config.files['/etc/conf.d/b.yaml'];
  for (let round = 0; round < 2; round++) expect(found(await config.compile())).toEqual(['3:11 includeVanished']);
  config.files['/etc/muster.yaml'] = 'version: 1\nmodules: {a: m}\n';
  good(await config.compile());
  config.files['/etc/muster.yaml'] = 'version: 1\nmodules: {a: m}\ninclude: [conf.d/*.yaml]\n';
  expect(found(await config.compile())).toEqual(['3:11 includeEmpty']);
});

test('a byte order mark, CRLF and a long file are read like any other', async () => {
  const outcome = await compileText('\uFEFFversion: 1\r\nmodules:\r\n  a:\r\n    module: m\r\n    args: [x]\r\n');
  expect(entryOf(outcome, 'a').spec.args).toEqual(['x']);
  expect(good(outcome).modules.get('a')?.source).toEqual({ file: '/etc/muster.yaml', line: 3, column: 3 });
  const long = Array.from({ length: 3000 }, (_, index) => `  m${index}: {module: m, config: {text: "${'x'.repeat(500)}"}}\n`).join('');
  expect(good(await compileText(`version: 1\nmodules:\n${long}`)).modules.size).toBe(3000);
});

test('words that mean something in YAML 1.1 are text', async () => {
  const text =
    'version: 1\nmodules:\n  a: {module: m, args: [on, yes, no, 1:30, 2001-01-01, NO], config: {country: no, off: 1}}\npolicy: {watch: off}\n';
  expect(entryOf(await compileText(text), 'a').spec).toMatchObject({
    args: ['on', 'yes', 'no', '1:30', '2001-01-01', 'NO'],
    config: { country: 'no', off: 1 },
  });
});

test('the policy is canonical: defaults filled in, durations in ms', async () => {
  const outcome = await compileText(
    'version: 1\nmodules: {}\npolicy: {interval: 1m, maxRemovals: 5, maxUnavailable: 25%, onFailure: rollback}\n',
  );
  expect(good(outcome).policy).toEqual({
    ...{ watch: 'plan', interval: 60_000, selfHeal: false, prune: 'owned', maxRemovals: 5 },
    ...{ allowEmpty: false, maxUnavailable: '25%', onFailure: 'rollback', concurrency: 0 },
  });
});
