import { expect, test } from 'vitest';
import type { ExplainDoc } from '../../src/model/explain.ts';
import { createPlace, json, type Place } from '../support/place.ts';
import { commit, onlyAsked, reload, setting, sleepers } from '../support/sourced.ts';
import { talk } from '../support/talk.ts';

async function explained(place: Place, name: string): Promise<ExplainDoc> {
  using client = await talk(place);
  return await client.muster('explain', { name });
}

const codes = ({ because }: ExplainDoc): string[] => because.map(({ code }) => code);

const config = `version: 1
defaults: {command: {stopTimeout: 3s}}
modules:
  db: {command: [sleep, "1000"], ready: {alive: 20ms}}
  web:
    command: [sleep, "1000"]
    ready: {alive: 20ms}
    requires: [db]
    env: {A: b, TOKEN: {secret: "env:TOKEN"}}
  off: {command: [sleep, "1"], disabled: true}
  gpu: {command: [sleep, "1"], onlyIf: {env: [NOPE]}}
  beat: {module: builtin:heartbeat, config: {interval: 5s}}
`;

test('tells where each value of an entry stands, who says it, and nothing of a secret but its reference', async () => {
  await using place = await createPlace(config);
  await place.musterWith({ env: { TOKEN: 'correct horse' } }, 'up', '-d', '-c', 'muster.yaml');
  const file = `${place.dir}/muster.yaml`;
  const web = await explained(place, 'web');
  expect(web).toMatchObject({
    ...{ kind: 'command', declaredAt: { file, line: 5 }, revision: null, commit: null, pending: null, requires: ['db'], requiredBy: [] },
    loaded: { state: 'R', origin: 'config', generation: { number: 1, trigger: 'start' } },
  });
  expect(codes(web)).toEqual(['asDeclared']);
  expect(web.fields.map(({ path, value, from, at }) => [path, value, from, at?.line])).toEqual([
    ['stopTimeout', 3000, 'defaults', 2],
    ['command', ['sleep', '1000'], 'entry', 6],
    ['ready.alive', 20, 'entry', 7],
    ['requires', ['db'], 'entry', 8],
    ['env.A', 'b', 'entry', 9],
    ['env.TOKEN', { secret: 'env:TOKEN' }, 'entry', 9],
  ]);
  const { stdout, code } = await place.muster('explain', 'web');
  expect(code).toBe(0);
  expect(stdout).toMatch(/Declared at +.*muster.yaml:5\n/);
  expect(stdout).toMatch(/stopTimeout +3s +defaults, line 2\n/);
  expect(stdout).not.toContain('correct horse');
  expect(json(await place.muster('explain', 'web', '--json'))).toEqual(web);
  expect((await explained(place, 'db')).requiredBy).toEqual(['web']);
});

test('tells why a module is as it is, loaded or not', async () => {
  await using place = await createPlace(config);
  await place.musterWith({ env: { TOKEN: 'correct horse' } }, 'up', '-d', '-c', 'muster.yaml');
  expect(await explained(place, 'off')).toMatchObject({ loaded: null, because: [{ text: 'disabled' }] });
  expect((await explained(place, 'gpu')).because[0]?.text).toContain('NOPE');
  await place.muster('hold', 'web', '--reason', 'INC-77');
  expect((await explained(place, 'web')).because[0]).toEqual({ code: 'held', text: 'held until it is released: INC-77' });
  await place.muster('set', 'beat:interval', '7s', '--override');
  const { fields } = await explained(place, 'beat');
  expect(fields.map(({ path, value, from }) => [path, value, from])).toEqual([
    ['module', 'builtin:heartbeat', 'entry'],
    ['config.interval', '7s', 'set'],
  ]);
  await place.muster('load', '--command', 'byhand', 'sleep', '1000');
  expect(await explained(place, 'byhand')).toMatchObject({ declaredAt: null, fields: [], loaded: { origin: 'manual', generation: null } });
  await place.muster('remove', 'beat');
  expect(await explained(place, 'beat')).toMatchObject({ loaded: null, pending: { action: 'load' }, because: [{ code: 'removedByHand' }] });
  const unknown = await place.muster('explain', 'wep');
  expect([unknown.code, unknown.stdout]).toEqual([1, '']);
  expect(unknown.stderr).toMatch(/"wep" is neither declared nor loaded; did you mean "?web"?.*\(ENOENT\)/);
  await place.write('muster.yaml', 'modules: [\n');
  expect(codes(await explained(place, 'db'))).toContain('configInvalid');
});

test('of a config from git it names the line in the repository, and the commit that last changed it', async () => {
  const { place, repo, revision } = await setting(onlyAsked, sleepers({ a: 1000, b: 1000 }));
  await using _ = place;
  await place.up();
  const second = commit(repo, sleepers({ a: 1000, b: 2000 }), 'Let b sleep longer');
  await reload(place);
  const a = await explained(place, 'a');
  expect(a).toMatchObject({
    declaredAt: { file: 'hosts/web1.yaml', line: 3 },
    revision: second,
    commit: { commit: revision, subject: 'Begin' },
  });
  expect(a.loaded?.generation).toMatchObject({ number: 1, revision });
  expect(a.fields[0]?.at).toMatchObject({ file: 'hosts/web1.yaml', line: 3 });
  const b = await explained(place, 'b');
  expect(b.commit).toMatchObject({ commit: second, subject: 'Let b sleep longer' });
  expect(b.commit?.author).toContain('Alice');
  expect(b.loaded?.generation).toMatchObject({ number: 2, revision: second, trigger: 'reload' });
  const { stdout } = await place.muster('explain', 'b');
  expect(stdout).toMatch(
    /Declared at +hosts\/web1.yaml:4\nRevision +[0-9a-f]{12}\nLast change +[0-9a-f]{12} "Let b sleep longer" by Alice/,
  );
});
