import { expect, test } from 'vitest';
import { good, setting } from './setting.ts';

const text = (entries: string): string => `version: 1\nmodules: {}\nnotify:\n${entries}`;

async function problems(entries: string): Promise<string[]> {
  const outcome = await setting({ 'muster.yaml': text(entries) }).compile();
  return outcome.ok ? [] : outcome.diagnostics.map(({ line, column, code }) => `${line}:${column} ${code}`);
}

test('says whom to tell of what: all events without `on`, secrets as references, programs from the folder of the file', async () => {
  const entries = `  - url: https://hooks.example/\${TEAM}
  - {on: [failed, recovered], url: {secret: "file:hook"}, headers: {Authorization: {secret: "env:TOKEN"}, X-Team: a}, timeout: 2s}
  - {on: [degraded], exec: [./page.sh, -v, 7], x-note: mine}
  - {on: [applied], exec: [logger, "a b"]}
`;
  const { notify } = good(await setting({ 'muster.yaml': text(entries) }, { TEAM: 'a', TOKEN: 'x' }).compile());
  const every = ['applied', 'failed', 'drifted', 'degraded', 'recovered'];
  expect(notify).toEqual([
    { on: every, url: 'https://hooks.example/a', timeout: 10_000, cwd: '/etc' },
    {
      on: ['failed', 'recovered'],
      url: { secret: 'file:/etc/hook' },
      headers: { Authorization: { secret: 'env:TOKEN' }, 'X-Team': 'a' },
      timeout: 2000,
      cwd: '/etc',
    },
    { on: ['degraded'], exec: ['/etc/page.sh', '-v', '7'], timeout: 10_000, cwd: '/etc' },
    { on: ['applied'], exec: ['logger', 'a b'], timeout: 10_000, cwd: '/etc' },
  ]);
});

test('is none without it, and a later file says it anew', async () => {
  expect(good(await setting({ 'muster.yaml': 'version: 1\nmodules: {}\n' }).compile()).notify).toEqual([]);
  const files = {
    'a.yaml': text('  - {url: "http://a/"}\n'),
    'b.yaml': 'version: 1\nnotify: [{url: "http://b/"}]\n',
  };
  const { notify } = good(await setting(files).compile('a.yaml', 'b.yaml'));
  expect(notify.map(({ url }) => url)).toEqual(['http://b/']);
});

test.each([
  ['an unknown event', '  - {on: [aplied], url: "http://a/"}\n', '4:11 badValue'],
  ['no event at all', '  - {on: [], url: "http://a/"}\n', '4:10 badValue'],
  ['neither url nor exec', '  - {on: [failed]}\n', '4:5 badValue'],
  ['both', '  - {url: "http://a/", exec: [b]}\n', '4:5 badValue'],
  ['another protocol', '  - {url: "ftp://a/"}\n', '4:11 badValue'],
  ['no URL', '  - {url: "https://"}\n', '4:11 badValue'],
  ['a line break in a header', '  - {url: "http://a/", headers: {X: "a\\nb"}}\n', '4:37 badValue'],
  ['headers for a program', '  - {exec: [a], headers: {X: b}}\n', '4:26 badValue'],
  ['an empty command', '  - {exec: []}\n', '4:12 badValue'],
  ['a secret in the open', '  - {url: {secret: hush}}\n', '4:20 badValue'],
  ['no time at all', '  - {url: "http://a/", timeout: 0}\n', '4:33 badValue'],
  ['an unknown key', '  - {url: "http://a/", retries: 3}\n', '4:24 unknownKey'],
  ['no map', '  - "http://a/"\n', '4:5 wrongType'],
])('refuses %s, with its place', async (_what, entries, expected) => {
  expect(await problems(entries)).toEqual([expected]);
});

test('stands in the main file only, and is a list', async () => {
  const files = { 'muster.yaml': 'version: 1\nmodules: {}\ninclude: [more.yaml]\n', 'more.yaml': 'notify: []\n' };
  const outcome = await setting(files).compile();
  expect(outcome.ok ? [] : outcome.diagnostics.map(({ code, file }) => `${file} ${code}`)).toEqual(['/etc/more.yaml mainOnly']);
  expect(await problems('  url: "http://a/"\n')).toEqual(['3:1 wrongType']);
});
