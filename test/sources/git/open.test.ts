import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { config, repository, sourceOf, tempDir } from './support.ts';

const modeOf = (path: string): number => statSync(path).mode & 0o777;

test('checkouts in a folder of their own can be read by all, as they are executable, and also once they were mended', async () => {
  const before = process.umask(0o077);
  try {
    const { bare, commit, work } = repository();
    writeFileSync(join(work, 'run.sh'), '');
    chmodSync(join(work, 'run.sh'), 0o700);
    const first = commit({ 'muster.yaml': config, 'run.sh': '#!/bin/sh\n', 'deep/er/a.txt': 'a\n' });
    const inside = await sourceOf({ url: bare });
    await inside.source.sync({ applied: null });
    await inside.source.close();

    const checkoutDir = join(tempDir(), 'open');
    const one = await sourceOf({ url: bare, checkoutDir }, { dir: inside.dir });
    expect(await one.source.sync({ applied: first })).toMatchObject({
      moved: true,
      root: join(checkoutDir, 'current'),
      doc: { problem: null },
    });
    const modes = (): number[] =>
      ['', 'deep', 'deep/er', 'run.sh', 'muster.yaml', 'deep/er/a.txt'].map((path) => modeOf(join(checkoutDir, 'current', path)));
    const open = [0o755, 0o755, 0o755, 0o755, 0o644, 0o644];
    expect([modeOf(checkoutDir), modeOf(join(checkoutDir, 'checkouts')), modes()]).toEqual([0o755, 0o755, open]);
    expect(modeOf(inside.dir)).toBe(0o700);
    writeFileSync(join(checkoutDir, 'current/muster.yaml'), 'x');
    expect((await one.source.sync({ applied: first })).moved).toBe(true);
    expect([readFileSync(join(checkoutDir, 'current/muster.yaml'), 'utf8'), modes()]).toEqual([config, open]);
    expect(existsSync(join(inside.dir, 'current')), 'what runs may still be there').toBe(true);
    await one.source.close();

    const next = await sourceOf({ url: bare, checkoutDir }, { dir: inside.dir });
    expect(await next.source.sync({ applied: first })).toMatchObject({ moved: false, doc: { revision: first, problem: null } });
    expect([existsSync(join(inside.dir, 'current')), readdirSync(join(inside.dir, 'checkouts'))]).toEqual([false, []]);
  } finally {
    process.umask(before);
  }
});

test('a folder that is used for anything else, or that others can write to, is refused, and nothing there is touched', async () => {
  const { bare, commit } = repository();
  commit({ 'muster.yaml': config });
  const refusedFor = async (checkoutDir: string): Promise<string | undefined> => {
    const { source } = await sourceOf({ url: bare, checkoutDir });
    const { doc, root } = await source.sync({ applied: null });
    expect([root, doc.problem?.code]).toEqual([null, 'refused']);
    return doc.problem?.message;
  };
  const full = tempDir();
  writeFileSync(join(full, 'current'), 'mine');
  expect(await refusedFor(full)).toContain('is not empty');
  expect(readdirSync(full)).toEqual(['current']);
  const shared = join(tempDir(), 'shared');
  mkdirSync(shared);
  chmodSync(shared, 0o777);
  expect(await refusedFor(shared)).toContain(`can write to ${shared}`);
  expect(await refusedFor(join(shared, 'own')), 'which could be moved away').toContain(`can write to ${shared}`);
  chmodSync(shared, 0o1777);
  const other = await sourceOf({ url: bare, checkoutDir: join(shared, 'other') });
  expect((await other.source.sync({ applied: null })).doc.problem).toBe(null);
  expect(await refusedFor(join(shared, 'other'))).toContain(`has the checkouts of ${other.dir}`);
});

test('a folder that others can write to later is told of by the next look, and no more once they cannot', async () => {
  const { bare, commit } = repository();
  const first = commit({ 'muster.yaml': config });
  const above = join(tempDir(), 'above');
  mkdirSync(above);
  const checkoutDir = join(above, 'open');
  const { source } = await sourceOf({ url: bare, checkoutDir });
  expect((await source.sync({ applied: null })).doc).toMatchObject({ revision: first, problem: null });
  for (const folder of [above, checkoutDir, join(checkoutDir, 'checkouts')]) {
    chmodSync(folder, 0o777);
    const { doc, moved } = await source.sync({ applied: first });
    expect(doc.problem).toMatchObject({ code: 'refused', message: expect.stringContaining(`can write to ${folder},`) });
    expect([doc.revision, moved], 'its files are as they were').toEqual([first, false]);
    chmodSync(folder, 0o755);
    expect((await source.sync({ applied: first })).doc.problem).toBe(null);
  }
});
