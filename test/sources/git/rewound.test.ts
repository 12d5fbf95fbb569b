import { join } from 'node:path';
import { expect, test } from 'vitest';
import { config, gitAt, repository, sourceOf } from './support.ts';

test('a history that was rewritten is not used, unless the host says so', async () => {
  const { bare, commit, git } = repository();
  commit({ 'muster.yaml': config }, 'Base');
  const first = commit({ 'muster.yaml': `${config}# 1\n` }, 'One');
  const { source, dir } = await sourceOf({ url: `file://${bare}` });
  await source.sync({ applied: null });
  git('reset', '-q', '--hard', 'HEAD~1');
  const forced = commit({ 'muster.yaml': `${config}# 2\n` }, 'Two');
  const { doc, moved } = await source.sync({ applied: first });
  expect(moved).toBe(false);
  expect(doc).toMatchObject({ revision: first, problem: { code: 'rewound', revision: forced } });
  expect(doc.problem?.message).toBe(
    `${forced.slice(0, 12)} does not come after ${first.slice(0, 12)}, which was applied: the history was rewritten; ` +
      'see what happened there; source.git.allowRewind: true takes it',
  );
  const again = await source.sync({ applied: first });
  expect(again.doc.problem).toEqual(doc.problem);
  git('reset', '-q', '--hard', 'HEAD~1');
  const back = await source.sync({ applied: first });
  expect(back.doc, 'an older commit is none that comes after').toMatchObject({ revision: first, problem: { code: 'rewound' } });
  git('reset', '-q', '--hard', first);
  const mended = commit({ 'muster.yaml': `${config}# 3\n` }, 'Three');
  expect((await source.sync({ applied: first })).doc).toMatchObject({ revision: mended, problem: null });
  git('reset', '-q', '--hard', forced);
  const allowed = await sourceOf({ url: `file://${bare}`, allowRewind: true }, { dir });
  expect((await allowed.source.sync({ applied: mended })).doc).toMatchObject({ revision: forced, problem: null });
});

test('only what was applied counts: what was looked at in between may be gone', async () => {
  const { bare, commit, git } = repository();
  const first = commit({ 'muster.yaml': config });
  const { source } = await sourceOf({ url: bare });
  await source.sync({ applied: null });
  commit({ 'muster.yaml': 'bad: [\n' });
  await source.sync({ applied: first });
  git('reset', '-q', '--hard', first);
  const other = commit({ 'muster.yaml': `${config}# 2\n` });
  expect((await source.sync({ applied: first })).doc).toMatchObject({ revision: other, problem: null });
});

test.each(['forward', 'back'])('a tag that was moved %s is not followed', async (where) => {
  const { bare, commit, git } = repository();
  const one = commit({ 'muster.yaml': config });
  const two = commit({ 'muster.yaml': `${config}# 2\n` });
  const [from, to] = where === 'forward' ? [one, two] : [two, one];
  const tag = (commit: string): void => {
    git('tag', '-f', '-m', 'Stable', 'stable', commit);
  };
  tag(from);
  const { source, dir } = await sourceOf({ url: bare, ref: { tag: 'stable' } });
  await source.sync({ applied: null });
  tag(to);
  const { doc } = await source.sync({ applied: from });
  expect(doc).toMatchObject({ revision: from, problem: { code: 'rewound', revision: to } });
  expect(doc.problem?.message).toContain(`tag stable was moved from ${from.slice(0, 12)} to ${to.slice(0, 12)}`);
  const allowed = await sourceOf({ url: bare, ref: { tag: 'stable' }, allowRewind: true }, { dir });
  expect((await allowed.source.sync({ applied: from })).doc).toMatchObject({ revision: to, problem: null });
});

test('a daemon with an empty state dir finds far back in the history what was applied', async () => {
  const { bare, commit, turns } = repository();
  const base = commit({ 'muster.yaml': config }, 'Base');
  turns(60);
  const tip = commit({});
  const far = await sourceOf({ url: `file://${bare}` });
  expect((await far.source.sync({ applied: base })).doc).toMatchObject({ revision: tip, problem: null });
  const never = await sourceOf({ url: `file://${bare}` });
  const { doc } = await never.source.sync({ applied: '3'.repeat(40) });
  expect(doc).toMatchObject({ revision: null, problem: { code: 'rewound', revision: tip } });
  const mirror = gitAt(join(never.dir, 'mirror.git'));
  expect(Number(mirror('rev-list', '--count', tip)), 'the whole history was looked through').toBe(62);
});

test('many commits between two looks are a fast-forward, also where the history was cut off', async () => {
  const { bare, commit, turns } = repository();
  commit({ 'muster.yaml': config }, 'Base');
  turns(55);
  const first = commit({});
  const { source, dir } = await sourceOf({ url: `file://${bare}` });
  await source.sync({ applied: null });
  turns(55);
  const tip = commit({});
  expect((await source.sync({ applied: first })).doc).toMatchObject({ revision: tip, problem: null });
  const mirror = gitAt(join(dir, 'mirror.git'));
  expect(Number(mirror('rev-list', '--count', tip)), 'nothing older was fetched for that').toBe(106);
});
