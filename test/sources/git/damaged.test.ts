import {
  chmodSync,
  cpSync,
  lstatSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { isAsListed, readListing } from '../../../src/sources/git/listing.ts';
import { placesIn } from '../../../src/sources/git/places.ts';
import { config, repository, rubbish, sourceOf, tempDir } from './support.ts';

const files = { 'muster.yaml': config, 'code/a.ts': 'export {};\n', 'run.sh': '#!/bin/sh\n', large: 'x'.repeat(2 ** 20 + 1) };

/** A source whose commit is used, and which can be fetched no more. */
async function cutOff() {
  const { bare, commit, work } = repository();
  writeFileSync(join(work, 'run.sh'), files['run.sh']);
  chmodSync(join(work, 'run.sh'), 0o755);
  symlinkSync('code/a.ts', join(work, 'link'));
  const revision = commit(files);
  const made = await sourceOf({ url: bare });
  await made.source.sync({ applied: null });
  renameSync(bare, `${bare}-gone`);
  const at = (name = ''): string => join(made.dir, 'current', name);
  const loseMirror = (): void => rmSync(join(made.dir, 'mirror.git'), { recursive: true });
  return { ...made, bare, commit, revision, at, loseMirror, comeBack: () => renameSync(`${bare}-gone`, bare) };
}

const damages: Record<string, (at: (name?: string) => string) => void> = {
  'lost a file': (at) => rmSync(at('code/a.ts')),
  'lost a folder': (at) => rmSync(at('code'), { recursive: true }),
  'has a file for a folder': (at) => {
    rmSync(at('code'), { recursive: true });
    writeFileSync(at('code'), 'x');
  },
  'has another config': (at) => writeFileSync(at('muster.yaml'), 'version: 1\nmodules: {evil: {}}\n'),
  'has other text of the same length and time': (at) => {
    const { atime, mtime } = lstatSync(at('code/a.ts'));
    writeFileSync(at('code/a.ts'), 'EXPORT {};\n');
    utimesSync(at('code/a.ts'), atime, mtime);
  },
  'has another large file': (at) => writeFileSync(at('large'), 'y'.repeat(files.large.length)),
  'has a link for a file': (at) => {
    renameSync(at('code/a.ts'), at('code/b.ts'));
    symlinkSync('b.ts', at('code/a.ts'));
  },
  'has a link to elsewhere': (at) => {
    rmSync(at('link'));
    symlinkSync('code/b.ts', at('link'));
  },
  'lost the right to execute': (at) => chmodSync(at('run.sh'), 0o644),
};

test('a checkout of which a file was changed or removed is not as its commit has it', async () => {
  const { dir, revision } = await cutOff();
  const listing = (await readListing(revision, placesIn(dir))) ?? [];
  const copies = tempDir();
  for (const [how, damage] of Object.entries(damages)) {
    const copy = join(copies, how);
    cpSync(join(dir, 'checkouts', revision), copy, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
    expect(await isAsListed(copy, listing)).toBe(true);
    damage((name = '') => join(copy, name));
    expect(await isAsListed(copy, listing), how).toBe(false);
  }
});

test('a checkout is not used where it was changed and there is nothing to bring it back from; with the repository it is whole again', async () => {
  const { source, revision, at, loseMirror, comeBack, dir } = await cutOff();
  loseMirror();
  expect(await source.sync({ applied: revision }), 'as it was committed').toMatchObject({ root: at(), moved: false });
  damages['has another config']?.(at);
  const refused = await source.sync({ applied: revision });
  expect(refused).toMatchObject({ moved: true, root: null, doc: { revision: null, problem: { code: 'damaged', revision } } });
  expect(refused.doc.problem?.message).toMatch(/changed or removed below .*checkouts, and cannot be brought back: .*check source.git.url/);
  const still = await source.sync({ applied: revision });
  expect(still).toMatchObject({ moved: false, root: null, doc: { problem: refused.doc.problem } });
  comeBack();
  expect(await source.sync({ applied: revision })).toMatchObject({ moved: true, root: at(), doc: { revision, problem: null } });
  expect(readFileSync(at('muster.yaml'), 'utf8')).toBe(config);
  expect(rubbish(dir)).toEqual([]);
});

test('what was changed while no daemon ran is found by the next, and nobody goes back to it', async () => {
  const { source, bare, revision, at, loseMirror, dir } = await cutOff();
  await source.close();
  loseMirror();
  const next = await sourceOf({ url: bare }, { dir });
  expect(await next.source.sync({ applied: revision }), 'it is whole').toMatchObject({
    doc: { revision, problem: { code: 'unreachable' } },
  });
  await next.source.close();
  rmSync(at('code/a.ts'));
  const third = await sourceOf({ url: bare }, { dir });
  expect(await third.source.restore(revision)).toBe(false);
  expect(third.source.root).toBe(null);
  expect((await third.source.sync({ applied: revision })).doc).toMatchObject({ revision: null, problem: { code: 'damaged' } });
  writeFileSync(at('code/a.ts'), files['code/a.ts']);
  expect((await third.source.sync({ applied: revision })).doc, 'brought back by hand').toMatchObject({ revision });
});

test('what programs write beside the files of the commit is their own, and what is kept of a checkout goes with it', async () => {
  const { source, at, dir, commit, loseMirror, revision, comeBack } = await cutOff();
  writeFileSync(at('cache.db'), 'mine');
  loseMirror();
  expect(await source.sync({ applied: revision })).toMatchObject({ moved: false, doc: { revision, problem: { code: 'unreachable' } } });
  comeBack();
  for (let turn = 0; turn < 4; turn += 1) {
    commit({ 'muster.yaml': `${config}# ${turn}\n` });
    await source.sync({ applied: null });
  }
  expect(readdirSync(join(dir, 'listings')).sort()).toEqual(readdirSync(join(dir, 'checkouts')).sort());
});
