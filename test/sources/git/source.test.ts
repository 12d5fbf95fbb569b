import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { config, repository, sourceOf } from './support.ts';

test('a commit is checked out whole, and the next one switched to; the root stays the same', async () => {
  const { bare, commit } = repository();
  const first = commit({ 'muster.yaml': config, 'code/a.ts': 'export {};\n' }, 'Begin');
  const { source, dir } = await sourceOf({ url: `file://${bare}` });
  expect(source.doc).toMatchObject({ revision: null, fetchedAt: null, problem: null });
  expect(source.root).toBe(null);
  const one = await source.sync({ applied: null });
  expect(one).toMatchObject({ moved: true, root: join(dir, 'current') });
  expect(one.doc).toMatchObject({
    ...{ kind: 'git', url: `file://${bare}`, ref: 'branch main', path: 'muster.yaml', revision: first, problem: null },
    ...{ subject: 'Begin', author: 'Alice <alice@example.com>', signer: null },
  });
  expect(Date.parse(one.doc.fetchedAt ?? '')).toBeGreaterThan(0);
  expect(readFileSync(join(dir, 'current', 'code/a.ts'), 'utf8')).toBe('export {};\n');
  expect(existsSync(join(dir, 'current', '.git'))).toBe(false);
  expect(await source.sync({ applied: first })).toMatchObject({ moved: false, doc: { revision: first } });
  const second = commit({ 'muster.yaml': `${config}# more\n`, 'code/a.ts': null }, 'Go on');
  const two = await source.sync({ applied: first });
  expect(two).toMatchObject({ moved: true, root: one.root, doc: { revision: second, subject: 'Go on' } });
  expect(readlinkSync(join(dir, 'current'))).toBe(`checkouts/${second}`);
  expect(readdirSync(join(dir, 'current'))).toEqual(['muster.yaml']);
  expect(lstatSync(dir).mode & 0o077).toBe(0);
});
