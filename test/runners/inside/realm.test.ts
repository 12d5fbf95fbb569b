import { expect, test } from 'vitest';
import { openRealm, realmFile } from './realm.ts';

const waits = 'export async function main(ctx) { await ctx.run(); }';

test('a realm starts empty and runs the module that it is told to, which has the thread to itself', async () => {
  const realm = openRealm(realmFile);
  const code = `export async function main(ctx, args) {
    console.log(JSON.stringify([ctx.name, args, process.argv.slice(2), process.env, ctx.env, ctx.config, ctx.restored === undefined]));
    await ctx.run();
  }`;
  const module = await realm.start('one', code, { args: ['a b', ''], env: { ONLY: 'this' }, config: { n: 1 } });
  await module.says('ready');
  expect(await module.stop()).toMatchObject({ reason: 'stopped', thrown: null });
  expect(await realm.exited).toEqual({ code: 0, error: null });
  expect(JSON.parse(realm.thread())).toEqual(['one', ['a b', ''], ['a b', ''], { ONLY: 'this' }, { ONLY: 'this' }, { n: 1 }, true]);
  const started = realm.heard.find(({ type }) => type === 'started');
  expect(started).toMatchObject({ id: module.id, tid: expect.any(Number) });
});

test('several modules of a realm run and end each for itself', async () => {
  const realm = openRealm(realmFile, { shared: true });
  const [one, two] = [await realm.start('one', waits), await realm.start('two', waits)];
  await Promise.all([one.says('ready'), two.says('ready')]);
  expect(await one.stop()).toMatchObject({ reason: 'stopped', thrown: null });
  two.send({ type: 'rename', name: 'other' });
  expect(await two.stop()).toMatchObject({ reason: 'stopped', thrown: null });
  const three = await realm.start('three', waits);
  await three.says('ready');
});
