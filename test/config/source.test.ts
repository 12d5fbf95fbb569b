import { expect, test } from 'vitest';
import type { ConfigOutcome } from '../../src/model/config-set.ts';
import type { GitAllow } from '../../src/model/source.ts';
import { type Files, good, memoryReader, setting } from './setting.ts';

const keys = (text: string): string =>
  `version: 1\nsource:\n  git:\n    url: https://git.example/config.git\n    ref: {branch: main}\n${text}`;

async function problems(text: string): Promise<string[]> {
  const outcome = await setting({ 'muster.yaml': text }).compile();
  return outcome.ok ? [] : found(outcome);
}

function found(outcome: ConfigOutcome): string[] {
  return outcome.ok ? [] : outcome.diagnostics.map(({ line, column, code }) => `${line}:${column} ${code}`);
}

test('says where modules come from, with paths made absolute, defaults filled in and secrets kept as references', async () => {
  const more = `    path: ./hosts//web1.yaml
    verify: {mode: head, keys: [keys/alice.pub, /etc/keys/bob.asc]}
    allow: {secrets: ["file:/run/secrets/*"]}
    credentials: {username: bot, token: {secret: "file:token"}, sshKey: id_ed25519}
    webhook: {listen: "127.0.0.1:9000", secret: {secret: "env:HOOK"}}
    maxFetch: 2G
    checkoutDir: ../srv/web1
`;
  const { source, modules, revision } = good(await setting({ 'muster.yaml': keys(more) }, { HOOK: 'x' }).compile());
  expect(source?.git).toEqual({
    url: 'https://git.example/config.git',
    ref: { branch: 'main' },
    path: 'hosts/web1.yaml',
    interval: 60_000,
    timeout: 30_000,
    verify: { mode: 'head', keys: ['/etc/keys/alice.pub', '/etc/keys/bob.asc'] },
    allow: { secrets: ['file:/run/secrets/*'], users: [] },
    allowRewind: false,
    checkoutDir: '/srv/web1',
    maxFetch: 2 * 2 ** 30,
    maxFiles: 50_000,
    maxSize: 512 * 2 ** 20,
    credentials: { username: 'bot', token: { secret: 'file:/etc/token' }, sshKey: '/etc/id_ed25519' },
    webhook: { listen: '127.0.0.1:9000', secret: { secret: 'env:HOOK' } },
  });
  expect([modules.size, revision]).toEqual([0, null]);
});

const git = (fields: string): string => `version: 1\nsource: {git: {${fields}}}\n`;

test.each([
  ['no ref', git('url: "https://x/y"'), '2:15 missingKey'],
  ['two refs', git('url: "https://x/y", ref: {branch: a, tag: b}'), '2:41 badValue'],
  ['no kind of ref', git('url: "https://x/y", ref: {}'), '2:41 badValue'],
  ['a short commit', git('url: "https://x/y", ref: {commit: abc1234}'), '2:50 badValue'],
  ['a branch that is an option', git('url: "https://x/y", ref: {branch: "--upload-pack=x"}'), '2:50 badValue'],
  ['a password', git('url: "https://me:pw@x/y", ref: {branch: a}'), '2:21 badValue'],
  ['a token', git('url: "https://ghp_abc@x/y", ref: {branch: a}'), '2:21 badValue'],
  ['a password of ssh', git('url: "ssh://git:pw@x/y", ref: {branch: a}'), '2:21 badValue'],
  ['a transport that runs programs', git('url: "ext::sh -c id", ref: {branch: a}'), '2:21 badValue'],
  ['an option as url', git('url: "--upload-pack=id", ref: {branch: a}'), '2:21 badValue'],
  ['a path that leads out', git('url: "https://x/y", ref: {branch: a}, path: ../x.yaml'), '2:60 badValue'],
  ['an absolute path', git('url: "https://x/y", ref: {branch: a}, path: /x.yaml'), '2:60 badValue'],
  ['an interval without unit', git('url: "https://x/y", ref: {branch: a}, interval: 30'), '2:64 badValue'],
  ['no timeout at all', git('url: "https://x/y", ref: {branch: a}, timeout: 0'), '2:63 badValue'],
  ['a secret in the open', git('url: "https://x/y", ref: {branch: a}, credentials: {token: abc}'), '2:75 wrongType'],
  ['no keys to verify with', git('url: "https://x/y", ref: {branch: a}, verify: {mode: head, keys: []}'), '2:81 badValue'],
  ['a signed tag of a branch', git('url: "https://x/y", ref: {branch: a}, verify: {mode: tag, keys: [k]}'), '2:69 badValue'],
  ['nothing to fetch', git('url: "https://x/y", ref: {branch: a}, maxFetch: 0'), '2:64 badValue'],
  ['a size that is none', git('url: "https://x/y", ref: {branch: a}, maxSize: lots'), '2:63 badValue'],
  ['no file at all', git('url: "https://x/y", ref: {branch: a}, maxFiles: 0'), '2:64 badValue'],
  ['an unknown key', git('url: "https://x/y", ref: {branch: a}, brnch: a'), '2:54 unknownKey'],
  ['a port alone', git('url: "https://x/y", ref: {branch: a}, webhook: {listen: "9000", secret: {secret: "env:X"}}'), '2:72 badValue'],
])('refuses %s, at its place', async (_, text, expected) => {
  expect(await problems(text)).toEqual([expected]);
});

test('shows nothing of a password that stands in the url', async () => {
  const outcome = await setting({ 'muster.yaml': git('url: "https://me:hunter2@x/y", ref: {branch: a}') }).compile();
  expect(JSON.stringify(outcome)).toContain('credentials');
  expect(JSON.stringify(outcome)).not.toContain('hunter2');
});

test('a later file can take the source back', async () => {
  const files = { 'muster.yaml': keys(''), 'over.yaml': 'version: 1\nsource: null\nmodules: {}\n' };
  expect(good(await setting(files).compile('muster.yaml', 'over.yaml')).source).toBeNull();
});

test('a file with a source has nothing to run of its own, nor has what it includes', async () => {
  const text = `${keys('')}include: [more.yaml]\nmodules: {a: {module: builtin:heartbeat, provides: [x]}}\nalternatives: {x: a}\n`;
  const outcome = await setting({ 'muster.yaml': text, 'more.yaml': 'hosts: {}\n' }).compile();
  expect(found(outcome)).toEqual(['7:1 sourceAndModules', '8:1 sourceAndModules', '1:1 sourceAndModules']);
  const included = await setting({
    'muster.yaml': 'version: 1\ninclude: [b.yaml]\nmodules: {}\n',
    'b.yaml': git('url: /x, ref: {branch: a}'),
  }).compile();
  expect(found(included)).toEqual(['2:1 mainOnly']);
});

const root = '/state/source/tree';
const hostText = `${keys('')}defaults: {command: {user: www, cwd: /srv, stopTimeout: 3s}}\npolicy: {interval: 1h}\nmodulePath: [own]\n`;

/** The host's file and those of the repository, under what the host allows. */
function sourced(files: Files, allow: Partial<GitAllow> = {}, host = hostText, env: Record<string, string> = {}): Promise<ConfigOutcome> {
  const { compiler } = setting({ 'muster.yaml': host }, env);
  const inside = Object.fromEntries(Object.entries(files).map(([path, text]) => [`${root}/${path}`, text]));
  const bounds = { root, allow: { secrets: [], users: [], ...allow } };
  const revision = 'c'.repeat(40);
  return compiler.compile(['/etc/muster.yaml'], { file: `${root}/muster.yaml`, bounds, reader: memoryReader(inside), revision });
}

test("the host's own file keeps its policy, defaults and module path; the rest comes from the repository", async () => {
  const text = 'version: 1\nmodulePath: [mods]\ninclude: [conf.d/*.yaml]\nmodules:\n  web: {command: [sleep, "9"], stopTimeout: 4s}\n';
  const config = good(await sourced({ 'muster.yaml': text, 'conf.d/a.yaml': 'modules: {beat: builtin:heartbeat}\n' }));
  expect([...config.modules.keys()]).toEqual(['web', 'beat']);
  expect(config.modules.get('web')?.entry.spec).toMatchObject({ user: 'www', cwd: '/srv', stopTimeout: 4000 });
  expect(config.policy.interval).toBe(3_600_000);
  expect(config.modulePath).toEqual([`${root}/mods`, '/etc/own']);
  expect(config.revision).toBe('c'.repeat(40));
  expect(config.files.map(({ path }) => path)).toEqual([`${root}/muster.yaml`, `${root}/conf.d/a.yaml`, '/etc/muster.yaml']);
});

test('a command of the repository runs in its folder, whatever folder the file of the host lies in', async () => {
  const config = good(await sourced({ 'muster.yaml': 'modules:\n  a: {command: [sleep, "9"]}\n' }, {}, keys('')));
  expect(config.modules.get('a')?.entry.spec).toMatchObject({ cwd: root });
});

test('another digest and other entries come of another file of the host alone', async () => {
  const files = { 'muster.yaml': 'modules: {a: {command: [sleep, "9"]}}\n' };
  const { compiler, files: ofHost } = setting({ 'muster.yaml': keys('') });
  const bounds = { root, allow: { secrets: [], users: [] } };
  const inside = { [`${root}/muster.yaml`]: files['muster.yaml'] };
  const again = (more = bounds) =>
    compiler.compile(['/etc/muster.yaml'], { file: `${root}/muster.yaml`, bounds: more, reader: memoryReader(inside), revision: null });
  const first = await again();
  expect(await again()).toBe(first);
  ofHost['/etc/muster.yaml'] = `${keys('')}defaults: {command: {stopTimeout: 1s}}\n`;
  const second = good(await again());
  expect(second.digest).not.toBe(good(first).digest);
  expect(second.modules.get('a')?.entry.spec.stopTimeout).toBe(1000);
});

const entry = (fields: string): string => `modules:\n  a: {command: [sleep, "9"], ${fields}}\n`;

test.each([
  ['a policy', 'policy: {prune: all}\nmodules: {}\n', '1:1 notAllowed'],
  ['whom to tell', 'notify: []\nmodules: {}\n', '1:1 notAllowed'],
  ['a source', 'source: {}\nmodules: {}\n', '1:1 notAllowed'],
  ['a secret file', entry('env: {T: {secret: "file:/run/secrets/x"}}'), '2:48 notAllowed'],
  ['a secret variable', entry('env: {T: {secret: "env:T"}}'), '2:48 notAllowed'],
  ['a secret of a program', entry('env: {T: {secret: "exec:cat /etc/shadow"}}'), '2:48 notAllowed'],
  ['a variable', entry(`args: ["\${HOME}"]`), '2:37 notAllowed'],
  ['a variable that has a default', entry(`env: {TOKEN: "\${AWS_KEY:-none}"}`), '2:43 notAllowed'],
  ['a user', entry('user: root'), '2:36 notAllowed'],
  ['a group', entry('group: 0'), '2:37 notAllowed'],
  ['further groups', entry('groups: [adm]'), '2:39 notAllowed'],
  ['root', entry('allowRoot: true'), '2:41 notAllowed'],
  ['a cgroup', entry('cgroup: {base: other}'), '2:45 notAllowed'],
  ['keys of a cgroup', entry('cgroup: {raw: {io.max: x}}'), '2:44 notAllowed'],
  ['control of the daemon', 'modules:\n  a: {module: builtin:heartbeat, control: apply}\n', '2:43 notAllowed'],
  ['a folder outside', entry('cwd: /etc'), '2:35 outsideSource'],
  ['a file outside', entry('files: [a, ../../b]'), '2:41 outsideSource'],
  ['a module outside', 'modules:\n  a: ../../../etc/x.js\n', '2:6 outsideSource'],
  ['a package outside', 'modules:\n  a: {package: ../../x}\n', '2:16 outsideSource'],
  ['a module path outside', 'modulePath: [../..]\nmodules: {}\n', '1:14 outsideSource'],
  ['a program outside', 'modules:\n  a: {command: [../../x]}\n', '2:17 outsideSource'],
  ['a program outside to test with', entry('health: {command: [../../../x.sh]}'), '2:49 outsideSource'],
  ['a program outside to wait for', entry('waitFor: {command: [sub/../../../x.sh]}'), '2:50 outsideSource'],
  ['a program outside of a package', 'modules:\n  a: {package: p, health: {command: [../x.sh]}}\n', '2:38 outsideSource'],
  ['a folder to serve', 'hosts:\n  a.example: {components: {b.example: {static: /etc}}}\n', '2:48 outsideSource'],
  [
    'the key of a certificate of the host',
    `modules:\n  a: {module: builtin:gateway, config: {tls: {cert: ${root}/c, key: /etc/k}}}\n`,
    `2:${62 + root.length} notAllowed`,
  ],
  [
    'a certificate of the host for one domain',
    `modules:\n  a: {module: builtin:gateway, config: {tls: {cert: ${root}/c, key: ${root}/k, hosts: {x: {cert: ${root}/../c, key: ${root}/k}}}}}\n`,
    `2:${84 + 2 * root.length} notAllowed`,
  ],
  ['all of that by way of defaults', 'defaults: {command: {user: root}}\nmodules: {a: {command: [x]}}\n', '1:28 notAllowed'],
  ['all of that by way of an alias', 'x-u: &u {user: root}\nmodules: {a: {<<: *u, command: [x]}}\n', '1:16 notAllowed'],
  ['nothing to run', 'version: 1\n', '1:1 noModules'],
  ['an entry with nothing after it', 'modules:\n  a:\n', '2:3 emptyEntry'],
])('a repository cannot say %s', async (_, text, expected) => {
  const host = keys('');
  const outcome = await sourced({ 'muster.yaml': text }, {}, host, { HOME: '/root', AWS_KEY: 'k' });
  expect(found(outcome)).toEqual([expected]);
  if (!outcome.ok) expect(outcome.diagnostics[0]?.file).toBe(`${root}/muster.yaml`);
});

const packages = (spec: string): string => `modules:\n  a: {package: ${JSON.stringify(spec)}}\n`;

test.each([
  ...['p@file:/tmp/p', 'p@FILE:/tmp/p', 'FILE:/tmp/p', 'p@/tmp/p', '@x/p@/tmp/p', 'p@../../../../tmp/p', '@x/p@file:/tmp/p', 'p@..'],
  ...[
    '~/p',
    'p@~/p',
    'a/../../../tmp/p',
    'p@c:/../../../tmp/p',
    '.a/../../../tmp/p',
    '@x/a/../../../tmp/p',
    'p.tgz@https://h/../../../tmp/p',
  ],
  ...['git+file:///tmp/p', 'p@git+file:///tmp/p', 'file://localhost/tmp/p', 'git+ssh://file:///tmp/p', 'git+ssh:///tmp/p:p', 'ext::sh'],
  ...['./a%2f..%2f..%2f..%2ftmp%2fp.tgz', '../p.tgz', 'p@npm:../../tmp/p', 'p@npm:file:/tmp/p', 'git+https:///tmp/p', 'p@../p.tgz'],
])('a package of a repository cannot be %s', async (spec) => {
  expect(found(await sourced({ 'muster.yaml': packages(spec) }, {}, keys('')))).toEqual(['2:16 outsideSource']);
});

test.each([
  ...['p', '@x/p', 'p@^1.2', 'p@>=1 <3', 'p@~1', '@x/p@latest', 'p@npm:@x/other@1.0.0-rc.1', 'p@*', 'p@next'],
  ...['./p', '.', 'file:p', 'p-1.0.0.tgz', 'p@.', 'p@file:./p', 'p@./sub/p.tgz'],
  ...[
    'https://h.example/p.tgz',
    'git+https://h.example/p.git#v1',
    'git+ssh://git@h.example/p.git#semver:^1',
    'git+ssh://git@h.example:u/p.git',
  ],
  ...['git@h.example:u/p.git', 'github:u/p', 'u/p#v1', 'git://h.example/p.git', 'git+ssh://git@h.example:22/u/p.git'],
])('a package of a repository can be %s', async (spec) => {
  expect(good(await sourced({ 'muster.yaml': packages(spec) }, {}, keys(''))).modules.size).toBe(1);
});

test('what the host allows can be said, and no more', async () => {
  const allow = { secrets: ['file:/run/secrets/*', 'env:APP_*'], users: ['app'] };
  const fine = entry(`user: app, args: ["\${APP_NAME}"], env: {A: {secret: "file:/run/secrets/a"}, B: {secret: "env:APP_B"}}`);
  const config = good(await sourced({ 'muster.yaml': fine }, allow, keys(''), { APP_NAME: 'shop' }));
  expect(config.modules.get('a')?.entry.spec).toMatchObject({ user: 'app', args: ['shop'] });
  const tls = 'modules: {a: {module: builtin:gateway, config: {tls: {cert: /run/secrets/c, key: /run/secrets/k}}}}\n';
  expect(good(await sourced({ 'muster.yaml': tls }, allow, keys(''))).modules.size).toBe(1);
  const climbing = entry('env: {A: {secret: "file:/run/secrets/../../etc/shadow"}}');
  expect(found(await sourced({ 'muster.yaml': climbing }, allow))).toEqual(['2:48 notAllowed']);
});

test("a variable that the host's own defaults name is the host's", async () => {
  const host = `${keys('')}defaults: {command: {env: {WHERE: "\${HOME}"}}}\n`;
  const config = good(await sourced({ 'muster.yaml': entry('args: []') }, {}, host, { HOME: '/root' }));
  expect(config.modules.get('a')?.entry.spec).toMatchObject({ env: { WHERE: '/root' } });
});
