import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fencesOf, textOf } from '../docs/page.ts';
import { createForge, githubJob, gitlabJob, programs, runScript, type Script, sh } from '../support/pipeline.ts';
import { createPlace, type Place, type Ran } from '../support/place.ts';

const config = (more: string): string =>
  `version: 1\npolicy: {watch: plan}\nmodules:\n  a: {command: [sleep, "1001"]}\n  b: {command: [sleep, "1002"]}\n${more}`;
const c = '  c: {command: [sleep, "1003"]}\n';
const [github = '', gitlab = ''] = fencesOf(textOf('gitops'))
  .filter(({ language, text }) => language === 'yaml' && /^ *stage:/m.test(text))
  .map(({ text }) => text);

/** How one platform runs a job in a checkout. */
type Run = (job: string, checkout: string) => Promise<Ran>;

/** A change on its way: reviewed, changed and reviewed again, merged, saved, applied; and drift found. */
async function takesItsWay(
  place: Place,
  run: Run,
  forge: Awaited<ReturnType<typeof createForge>>,
  validated: (ran: Ran) => Promise<string>,
): Promise<void> {
  const git = async (folder: string, command: string): Promise<void> => {
    const ran = await sh(
      `git -c user.name=t -c user.email=t@example.invalid -c init.defaultBranch=main ${command}`,
      join(place.dir, folder),
      {},
    );
    expect(ran.code, ran.stderr).toBe(0);
  };
  const commit = async (text: string): Promise<void> => {
    await place.write('checkout/muster.yaml', text);
    await git('checkout', 'add . ');
    await git('checkout', 'commit -q -m change');
  };
  const names = async () => (await place.list()).map(({ name }) => name).join(' ');
  const checkout = join(place.dir, 'checkout');
  await place.write('checkout/muster.yaml', config(''));
  await git('checkout', 'init -q .');
  await commit(config(''));
  await git('', 'clone -q checkout etc');
  expect(await place.muster('up', '-d', '-c', 'etc/muster.yaml')).toMatchObject({ code: 0 });
  forge.state = (await place.muster('export')).stdout;
  // Somebody who wants to be taken for the bot.
  const { daemonId } = await place.status();
  const marker = `<!-- muster:plan daemon=${daemonId} -->`;
  forge.comments.push({ id: 1, by: 'somebody', body: `not the plan\n${marker}\n` });

  await commit(config('  c: {comand: [sleep, "1003"]}\n'));
  const invalid = await run('validate', checkout);
  expect(invalid.code).toBe(1);
  expect(await validated(invalid)).toMatch(/unknownKey/);
  expect((await run('plan', checkout)).code).toBe(1);
  expect(forge.comments).toHaveLength(1);

  await commit(config(c));
  const valid = await run('validate', checkout);
  expect(valid, valid.stderr).toMatchObject({ code: 0 });
  for (const ran of [await run('plan', checkout), await run('plan', checkout)]) expect(ran, ran.stderr).toMatchObject({ code: 0 });
  expect(forge.comments.map(({ id, by }) => `${id} ${by}`)).toEqual(['1 somebody', expect.stringMatching(/^101 /)]);
  expect(forge.asked.filter((each) => /^P/.test(each)).map((each) => each.split(' ')[0])).toEqual([
    'POST',
    expect.stringMatching(/PATCH|PUT/),
  ]);
  const body = forge.comments[1]?.body ?? '';
  expect(body).toMatch(/^Plan: 1 to load\. 2 unchanged\.\n/);
  expect(body.trimEnd().endsWith(marker)).toBe(true);
  await commit(
    config('')
      .replace(/ {2}[ab].*\n/g, '')
      .replace('modules:', 'modules: {}'),
  );
  expect((await run('plan', checkout)).code).toBe(8);
  expect(forge.comments[1]?.body).toContain('refused');
  expect(await names()).toBe('a b');

  await commit(config(c));
  const staged = await run('stage', checkout);
  expect(staged, staged.stderr).toMatchObject({ code: 0 });
  expect(await names()).toBe('a b');
  const applied = await run('apply', checkout);
  expect(applied, applied.stderr).toMatchObject({ code: 0 });
  expect(await names()).toBe('a b c');
  expect(JSON.parse(await readFile(join(checkout, 'state.json'), 'utf8'))).toMatchObject({ kind: 'State', target: { generation: 2 } });
  expect((await run('apply', checkout)).code).toBe(7);

  expect(await run('drift', checkout)).toMatchObject({ code: 0 });
  expect(await place.muster('remove', 'c')).toMatchObject({ code: 0 });
  expect(await run('drift', checkout)).toMatchObject({ code: 2, stdout: expect.stringContaining('c') });
}

test('the workflow for GitHub Actions does on a machine what the page says', async () => {
  await using place = await createPlace();
  await using forge = await createForge('github-actions[bot]');
  const path = await programs(join(place.dir, 'bin'), { gh: readFileSync(join(import.meta.dirname, 'fixtures/gh.mjs'), 'utf8') });
  const summary = join(place.dir, 'summary.md');
  await writeFile(summary, '');
  const run: Run = (job, checkout) =>
    runScript(githubJob(github, job, { 'github.token': 'secret-token', 'github.event.number': '7' }), checkout, {
      ...machine(place, path),
      ...{ FORGE: forge.url, GITHUB_REPOSITORY: 'org/repo', GITHUB_WORKSPACE: checkout, GITHUB_STEP_SUMMARY: summary },
      ...{ GITHUB_SHA: 'abc', GITHUB_ACTOR: 'me' },
    });
  await takesItsWay(place, run, forge, async ({ stdout }) => stdout.replace(/^::error file=muster\.yaml,line=6,.*title=(\w+)::.*/, '$1'));
  expect(forge.asked.filter((each) => /^P/.test(each)).slice(0, 2)).toEqual([
    'POST /repos/org/repo/issues/7/comments',
    'PATCH /repos/org/repo/issues/comments/101',
  ]);
  expect(await readFile(summary, 'utf8')).toMatch(/^Plan: 1 to load\. 2 unchanged\.\n/);
});

test.skipIf(spawnSync('curl', ['--version']).status !== 0)('the pipeline for GitLab CI does on a machine what the page says', async () => {
  await using place = await createPlace();
  await using forge = await createForge('muster-bot');
  const path = await programs(join(place.dir, 'bin'), {});
  const run: Run = (job, checkout) =>
    runScript(gitlabJob(gitlab, job), checkout, {
      ...machine(place, path),
      ...{ CI_API_V4_URL: forge.url, CI_PROJECT_ID: '5', CI_PROJECT_DIR: checkout, CI_MERGE_REQUEST_IID: '7', CI_DEFAULT_BRANCH: 'main' },
      ...{ MUSTER_TOKEN: 'secret-token', CI_COMMIT_SHA: 'abc', GITLAB_USER_LOGIN: 'me' },
    });
  await takesItsWay(place, run, forge, async () => {
    const [found] = JSON.parse(await readFile(join(place.dir, 'checkout/gl-code-quality-report.json'), 'utf8'));
    expect(found.location).toEqual({ path: 'muster.yaml', lines: { begin: 6, end: 6 } });
    return found.check_name;
  });
  expect(forge.asked[0]).toBe('GET /projects/5/jobs/artifacts/main/raw/state.json?job=apply');
  expect(forge.asked).toContain('PUT /projects/5/merge_requests/7/notes/101');
});

/** What every job has there; the page's places are those of a real machine. */
const machine = ({ dir, stateDir }: Place, path: string): Script['env'] => ({
  ...{ PATH: path, MUSTER_STATE_DIR: stateDir, TMPDIR: dir, HOME: dir },
  ...{ TARGET: join(dir, 'etc'), GIT_CONFIG_NOSYSTEM: '1' },
});
