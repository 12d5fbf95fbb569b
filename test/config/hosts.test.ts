// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how a config refers to variables
import { expect, test } from 'vitest';
import type { ConfigOutcome } from '../../src/model/config-set.ts';
import type { CodeSpec } from '../../src/model/fields/table.ts';
import { compileText, entryOf, type Files, found, good, setting } from './setting.ts';

const spec = (outcome: ConfigOutcome, name: string) => entryOf(outcome, name).spec as CodeSpec;
const hosts = (text: string) => compileText(`version: 1\nmodules: {gateway: m}\nhosts:\n${text}`, { PASS: 'x', WEB: './web' });

test('a host and its components become modules: by domain, loaded by the service of the host, which goes before them', async () => {
  const outcome = await hosts(
    '  example.com:\n    service: gateway\n    module: ./vhost.ts\n    components:\n      a.b.example.co.uk: ./a.ts\n      b: {module: b, requires: [gateway]}\n',
  );
  expect([...good(outcome).modules.keys()]).toEqual(['gateway', 'example.com', 'a.b.example.co.uk', 'b']);
  expect(spec(outcome, 'example.com')).toMatchObject({
    ...{ module: '/etc/vhost.ts', service: 'gateway', requires: [], host: 'example.com' },
  });
  expect(spec(outcome, 'a.b.example.co.uk')).toMatchObject({
    ...{ module: '/etc/a.ts', service: 'gateway', requires: ['example.com'], host: 'example.com' },
  });
  expect(spec(outcome, 'b')).toMatchObject({ module: 'b', requires: ['example.com', 'gateway'], host: 'example.com' });
  expect(good(outcome).modules.get('a.b.example.co.uk')?.source).toEqual({ file: '/etc/muster.yaml', line: 8, column: 7 });
  expect(spec(outcome, 'gateway')).not.toHaveProperty('host');
});

test('a host that says nothing is builtin:vhost, loaded by gateway', async () => {
  const outcome = await hosts('  example.com: {}\n  example.org: ./own.ts\n');
  expect(spec(outcome, 'example.com')).toMatchObject({ module: 'builtin:vhost', service: 'gateway' });
  expect(spec(outcome, 'example.org')).toMatchObject({ module: '/etc/own.ts', service: 'gateway' });
});

test('config is that of defaults, then of all hosts, the host, the component: later wins, key by key', async () => {
  const outcome = await compileText(
    `version: 1
defaults:
  code: {config: {a: code, b: code, c: code, d: code, deep: {one: 1}}, stopTimeout: 1s}
  hosts: {service: web, module: ./all.ts, startTimeout: 2s, config: {b: hosts, c: hosts, d: hosts, deep: {two: 2}}}
modules: {web: m}
hosts:
  example.com:
    config: {c: host, d: host}
    components:
      a.example.com: {module: m, config: {d: own, deep: {two: null}}}
      b.example.com: {module: m, config: null}
`,
  );
  const code = { a: 'code', deep: { one: 1 } };
  expect(spec(outcome, 'example.com')).toMatchObject({ module: '/etc/all.ts', service: 'web', startTimeout: 2000, stopTimeout: 1000 });
  expect(spec(outcome, 'example.com').config).toEqual({ ...code, b: 'hosts', c: 'host', d: 'host', deep: { one: 1, two: 2 } });
  expect(spec(outcome, 'a.example.com')).toMatchObject({ service: 'web', startTimeout: 30_000, stopTimeout: 1000 });
  expect(spec(outcome, 'a.example.com').config).toEqual({ a: 'code', b: 'hosts', c: 'host', d: 'own', deep: { one: 1, two: null } });
  expect(spec(outcome, 'b.example.com').config).toEqual({ ...code, b: 'code', c: 'code', d: 'code' });
});

test('a secret is inherited as a secret, and one takes the place of the other whole', async () => {
  const outcome = await hosts(
    '  example.com:\n    config: {key: {secret: "env:PASS"}, pass: "${PASS}", other: {secret: "env:PASS"}}\n    components:\n      a.example.com: {module: m, config: {other: {mode: internal}}}\n      b.example.com: {module: m, config: {other: {secret: "file:s"}}}\n',
  );
  expect(spec(outcome, 'a.example.com').config).toEqual({
    ...{ key: { secret: 'env:PASS' }, pass: { secret: 'text:${PASS}' }, other: { mode: 'internal' } },
  });
  expect(entryOf(outcome, 'a.example.com').secrets).toEqual([
    ['config', 'key'],
    ['config', 'pass'],
  ]);
  expect(spec(outcome, 'b.example.com').config.other).toEqual({ secret: 'file:/etc/s' });
});

test('a config whose only key is called secret is a config', async () => {
  const outcome = await hosts(
    '  example.com:\n    config: {auth: internal}\n    components:\n      a.example.com: {module: m, config: {secret: "env:PASS"}}\n      b.example.com: {module: m, config: {secret: {secret: "env:PASS"}}}\n',
  );
  expect(spec(outcome, 'a.example.com').config).toEqual({ auth: 'internal', secret: 'env:PASS' });
  expect(entryOf(outcome, 'b.example.com')).toMatchObject({ spec: { config: { auth: 'internal' } }, secrets: [['config', 'secret']] });
});

test('domains are one and the same in any case, with a final period, and as people or machines write them', async () => {
  const outcome = await hosts(
    '  Example.COM.:\n    components:\n      Bücher.example: m\n      UNDER_score.example: m\n      127.0.0.1: m\n',
  );
  expect([...good(outcome).modules.keys()].slice(1)).toEqual(['example.com', 'xn--bcher-kva.example', 'under_score.example', '127.0.0.1']);
  expect(spec(outcome, 'xn--bcher-kva.example')).toMatchObject({ requires: ['example.com'], host: 'example.com' });
});

test('proxy and static are short for the module that does it, with its config', async () => {
  const outcome = await hosts(
    `  example.com:
    static: ./public
    config: {auth: none}
    components:
      a.example.com: {proxy: "127.0.0.1:8081"}
      b.example.com: {proxy: {to: 8081, timeout: 5s}, config: {auth: own}}
      c.example.com: {static: "\${WEB}", stopTimeout: 1s}
      d.example.com: {static: {root: ./d, index: i.html}}
`,
  );
  const shown = (name: string) => [spec(outcome, name).module, spec(outcome, name).config];
  expect(shown('example.com')).toEqual(['builtin:static', { root: '/etc/public', auth: 'none' }]);
  expect(shown('a.example.com')).toEqual(['builtin:proxy', { to: '127.0.0.1:8081', auth: 'none' }]);
  expect(shown('b.example.com')).toEqual(['builtin:proxy', { to: 8081, timeout: '5s', auth: 'own' }]);
  expect(shown('c.example.com')).toEqual(['builtin:static', { root: '/etc/web', auth: 'none' }]);
  expect(shown('d.example.com')).toEqual(['builtin:static', { root: '/etc/d', index: 'i.html', auth: 'none' }]);
});

test('what is loaded by no service may be a process; a component may have a service of its own', async () => {
  const outcome = await hosts(
    '  example.com:\n    command: [server]\n    service: none\n    components:\n      a.example.com: {module: m, service: gateway}\n      b.example.com: {module: m}\n      c.example.com: {module: m, service: null}\n',
  );
  expect(entryOf(outcome, 'example.com')).toMatchObject({ kind: 'command', spec: { host: 'example.com' } });
  expect(spec(outcome, 'a.example.com')).toMatchObject({ service: 'gateway', requires: ['example.com'] });
  for (const name of ['b.example.com', 'c.example.com']) expect(spec(outcome, name)).not.toHaveProperty('service');
});

/** Hosts -> the findings, in order; the first host stands in line 4. To add a case add a line. */
const refused: Record<string, [text: string, ...findings: string[]]> = {
  'a pattern': ['  "*.example.com": {}\n', '4:3 badDomain'],
  'a port': ['  example.com:8080: {}\n', '4:3 badDomain'],
  'a URL': ['  https://example.com: {}\n', '4:3 badDomain'],
  'a name that is reserved': ['  muster.example.com: {}\n  all: {}\n', '4:3 badDomain', '5:3 badDomain'],
  'what is no domain': [
    '  -a.example: {}\n  a..example: {}\n  "a b": {}\n  é é: {}\n',
    ...[4, 5, 6, 7].map((line) => `${line}:3 badDomain`),
  ],
  'labels and domains that are too long': [
    `  ${'a'.repeat(64)}.example: {}\n  ${'a.'.repeat(64)}example: {}\n`,
    '4:3 badDomain',
    '5:3 badDomain',
  ],
  'a domain twice, in other letters': ['  example.com: {}\n  Example.com.: {}\n', '5:3 duplicateModule'],
  'a component under two hosts': [
    '  example.com: {components: {a.example.com: m}}\n  example.org: {components: {A.example.com: m}}\n',
    '5:30 duplicateModule',
  ],
  'a component that is a host': ['  example.com: {components: {example.com: m}}\n', '4:30 duplicateModule'],
  'a host that is a module': ['  gateway: {service: none}\n', '4:3 duplicateModule'],
  'a host with nothing after it': ['  example.com:\n', '4:3 emptyEntry'],
  'a host that is a list': ['  example.com: []\n', '4:16 wrongType'],
  'components with nothing after them': ['  example.com:\n    components:\n', '5:5 emptyComponents'],
  'components as a list': ['  example.com: {components: [m]}\n', '4:29 wrongType'],
  'none of them is fine': ['  example.com: {components: {}}\n'],
  'a component with nothing after it': ['  example.com: {components: {a.example.com: }}\n', '4:30 emptyEntry'],
  'a component that says not what to run': ['  example.com: {components: {a.example.com: {args: []}}}\n', '4:30 missingKind'],
  'a component with a misspelt module': ['  example.com: {components: {a.example.com: {modul: m}}}\n', '4:46 unknownKey'],
  'misspelt keys': [
    '  example.com: {servce: gateway, component: {}}\n  b.example: {components: {c: {prox: x}}}\n',
    ...['4:17 unknownKey', '4:34 unknownKey', '5:32 unknownKey'],
  ],
  'components without their components:': ['  example.com: {a.example.com: {module: m}}\n', '4:17 unknownKey'],
  'components beside their host': ['  example.com: {}\n  components: {a.example.com: m}\n', '5:3 strayComponents'],
  'components of components': ['  a: {components: {b: {module: m, components: {c: m}}}}\n', '4:35 unknownKey'],
  'two things to run': ['  a: {module: m, proxy: "1.2.3.4:5"}\n  b: {static: x, proxy: y}\n', '4:18 severalKinds', '5:7 severalKinds'],
  'sugar that says what the config says': [
    '  a: {components: {b: {proxy: "1", config: {to: "2"}}, c: {static: {root: /x}, config: {maxAge: soon}}}}\n',
    '4:45 saidTwice',
    '4:97 badValue',
  ],
  'sugar of the wrong type': ['  a: {components: {b: {static: []}, c: {proxy: }}}\n', '4:32 wrongType', '4:41 wrongType'],
  'a process that a service is to load': ['  a: {components: {b: {command: [x]}}}\n', '4:20 hostedCommand'],
  'the host as a field': ['  a: {host: b}\n', '4:7 unknownKey'],
  'a host that is disabled under its components': ['  a: {disabled: true, components: {b: m}}\n', '4:36 disabledRequirement'],
  'a field of a thread of its own': ['  a: {isolation: process}\n', '4:7 misplacedField'],
};

for (const [what, [text, ...findings]] of Object.entries(refused)) {
  test(`${what}: ${findings.join(', ') || 'nothing to say'}`, async () => expect(found(await hosts(text))).toEqual(findings));
}

test.each([
  ['hosts:\n', '2:1 emptyHosts'],
  ['hosts: []\n', '2:8 wrongType'],
  ['defaults: {hosts: {components: {}}}\nmodules: {}\n', '2:20 unknownKey'],
  ['defaults: {host: {}}\nmodules: {}\n', '2:12 unknownKey'],
  ['defaults: {hosts: {confg: {}}}\nmodules: {}\n', '2:20 unknownKey'],
  ['defaults: {hosts: {stopTimeout: 5}}\nmodules: {}\n', '2:33 badValue'],
  ['modules:\n  a: {module: m, components: {}}\n  b: {proxy: x}\n', '3:18 unknownKey', '4:7 unknownKey'],
])('%j is refused', async (text, ...findings) => {
  expect(found(await compileText(`version: 1\n${text}`))).toEqual(findings);
});

test('what is meant is said', async () => {
  const hint = async (text: string) => {
    const outcome = await hosts(text);
    return outcome.ok ? '' : outcome.diagnostics.map(({ message, hint: more }) => `${message}; ${more}`).join('\n');
  };
  expect(await hint('  a: {servce: x}\n')).toContain('did you mean service');
  expect(await hint('  a: {component: {}}\n')).toContain('did you mean components');
  expect(await hint('  a: {components: {b: {statik: x}}}\n')).toContain('did you mean static');
  expect(await hint('  a: {b.example: {module: m}}\n')).toContain('components of a host stand below its components:');
  expect(await hint('  a: {}\n  A: {}\n')).toContain('/etc/muster.yaml:4');
  expect(await hint('  a:\n')).toContain('{}');
});

const base =
  'version: 1\nmodules: {gateway: m}\nhosts:\n  example.com:\n    config: {a: 1}\n    components: {a.example.com: m, b.example.com: m}\n';

/** A later file over `base` -> the names and findings. */
const layers: Record<string, [over: string, names: string[], ...findings: string[]]> = {
  'a component is added to a host of a file below': [
    'hosts: {Example.com: {components: {c.example.com: m}}}\n',
    ['example.com', 'a.example.com', 'b.example.com', 'c.example.com'],
  ],
  'null removes a component': ['hosts: {example.com: {components: {A.example.com: null}}}\n', ['example.com', 'b.example.com']],
  'null removes all components': ['hosts: {example.com: {components: null}}\n', ['example.com']],
  'null removes a host with its components': ['hosts: {example.com: null, example.org: {}}\n', ['example.org']],
  'null of what is not there is nothing': [
    'hosts: {gone.example: null, example.com: {components: {gone: null}}}\n',
    ['example.com', 'a.example.com', 'b.example.com'],
  ],
  'components of a host that is not there': ['hosts: {exmple.com: {components: {c: m}}}\n', [], 'over.yaml:2:9 missingHost'],
  'a component that goes to another host has to leave the first': [
    'hosts: {example.org: {service: none, components: {a.example.com: m}}}\n',
    ...([[], 'over.yaml:2:51 duplicateModule'] as [string[], string]),
  ],
  'a host that is a module below': ['hosts: {gateway: {service: none}}\n', [], 'over.yaml:2:9 duplicateModule'],
  'another kind of component': [
    'hosts: {example.com: {components: {a.example.com: ./other.ts}}}\n',
    ['example.com', 'a.example.com', 'b.example.com'],
  ],
};

for (const [what, [over, names, ...findings]] of Object.entries(layers)) {
  test(`of several files: ${what}`, async () => {
    const outcome = await setting({ 'muster.yaml': base, 'over.yaml': `version: 1\n${over}` }).compile('muster.yaml', 'over.yaml');
    expect(found(outcome)).toEqual(findings);
    if (outcome.ok) expect([...outcome.config.modules.keys()].slice(1)).toEqual(names);
  });
}

test('a later file changes what a host gives to its components', async () => {
  const files = {
    'muster.yaml': base,
    'over.yaml': 'version: 1\nhosts: {example.com: {config: {a: 2}, components: {b.example.com: {config: {a: 3}}}}}\n',
  };
  const outcome = await setting(files).compile('muster.yaml', 'over.yaml');
  expect(['example.com', 'a.example.com', 'b.example.com'].map((name) => spec(outcome, name).config)).toEqual([
    { a: 2 },
    { a: 2 },
    { a: 3 },
  ]);
});

/** Files that the main one includes -> the findings; both places of what is declared twice are named. */
const included: Record<string, [files: Files, ...findings: string[]]> = {
  'hosts of their own': [{ 'b.yaml': 'hosts: {example.org: {components: {o.example.org: m}}}\n' }],
  'the same domain': [{ 'b.yaml': 'hosts:\n  EXAMPLE.com: {components: {c: m}}\n' }, 'b.yaml:2:3 duplicateModule'],
  'a component of another host': [
    { 'b.yaml': 'hosts:\n  example.org:\n    components:\n      a.example.com: m\n' },
    'b.yaml:4:7 duplicateModule',
  ],
  'a module of that name': [{ 'b.yaml': 'modules: {example.com: {module: m, service: none}}\n' }, 'b.yaml:1:11 duplicateModule'],
};

for (const [what, [files, ...findings]] of Object.entries(included)) {
  test(`an included file may have hosts: ${what}: ${findings.join(', ') || 'nothing to say'}`, async () => {
    const outcome = await setting({ 'muster.yaml': `${base}include: [b.yaml]\n`, ...files }).compile();
    expect(found(outcome)).toEqual(findings);
    if (!outcome.ok) expect(outcome.diagnostics[0]?.message).toMatch(/\/etc\/muster\.yaml:[246]/);
  });
}

test('a component whose text is unchanged is the same object, wherever it and its host have moved', async () => {
  const text = (gap: string, port: number, after = '') =>
    `version: 1\n${gap}hosts:\n  example.com:\n    components:\n      a.example.com:\n        module: ./a.ts\n        config: {port: ${port}}\n      b.example.com: {module: b, requires: [a.example.com]}\n    service: none\n${after}modules: {}\n`;
  const config = setting({ 'muster.yaml': text('', 1) });
  const first = good(await config.compile());
  config.files['/etc/muster.yaml'] = text('# more\n\n', 2);
  const second = good(await config.compile());
  for (const name of ['example.com', 'b.example.com']) expect(second.modules.get(name)?.entry).toBe(first.modules.get(name)?.entry);
  expect(second.modules.get('b.example.com')?.source).toMatchObject({ line: 10, column: 7 });
  expect(second.modules.get('a.example.com')?.entry).not.toBe(first.modules.get('a.example.com')?.entry);
  config.files['/etc/muster.yaml'] = text('# more\n\n', 2, '    config: {x: 1}\n');
  const third = good(await config.compile());
  for (const name of ['example.com', 'a.example.com', 'b.example.com']) {
    expect(third.modules.get(name)?.entry.spec).toMatchObject({ config: { x: 1 } });
  }
});

test.each([
  ['modules: {a: m}\nhosts:\n  example.com:\n    service: none\n', ['a', 'example.com']],
  ['modules:\n  a: m\nhosts: {example.com: {service: none, components: {b: m}}}\n', ['a', 'example.com', 'b']],
  ['modules: {}\nhosts:\n  example.com:\n    service: none\n', ['example.com']],
])('what stands on the line of its key is there also when the file is read again: %j', async (text, names) => {
  const config = setting({ 'muster.yaml': `version: 1\n${text}` });
  for (const more of ['', '# changed\n']) {
    config.files['/etc/muster.yaml'] = `version: 1\n${text}${more}`;
    expect([...good(await config.compile()).modules.keys()]).toEqual(names);
  }
});
