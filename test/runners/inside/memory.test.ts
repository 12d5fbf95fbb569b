import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { openRealm, realmFile, type TestRealm } from './realm.ts';

const tiny = "export async function main(ctx) { ctx.handle('hello', () => 'hello'); await ctx.run(); }";

/** Answers what is live in the heap of its realm, in bytes. */
async function openScale(realm: TestRealm): Promise<() => Promise<number>> {
  const scale = await realm.start(
    'scale',
    `import { getHeapStatistics, setFlagsFromString } from 'node:v8';
    import { runInNewContext } from 'node:vm';
    setFlagsFromString('--expose-gc');
    const gc = runInNewContext('gc');
    // From Node 22 on any less leaves code that V8 keeps in case it is compiled again.
    const how = parseInt(process.versions.node) < 22 ? undefined : { type: 'major', execution: 'sync', flavor: 'last-resort' };
    export async function main(ctx) {
      ctx.onReconfigure(async ({ n }) => {
        for (let n = 0; n < 4; n++) { gc(how); await new Promise((go) => setTimeout(go, 5)); }
        ctx.status('info', n + ' ' + getHeapStatistics().used_heap_size);
      });
      await ctx.run();
    }`,
  );
  await scale.says('ready');
  let call = 0;
  return async () => {
    call += 1;
    scale.send({ type: 'reconfigure', call, config: { n: call } });
    await scale.says('reconfigured', call);
    const [text = ''] = scale.said().flatMap((one) => (one.type === 'status' && one.message.startsWith(`${call} `) ? [one.message] : []));
    return Number(text.split(' ')[1]);
  };
}

test.for([1000, 10_000])('%i modules of one file take at most 20 kB each', async (count) => {
  const realm = openRealm(realmFile, { shared: true });
  const weigh = await openScale(realm);
  const first = await realm.start('tiny', tiny);
  await first.says('ready');
  const before = await weigh();
  const all = Array.from({ length: count }, () => realm.startCompiled(first.start));
  await all.at(-1)?.says('ready');
  const each = ((await weigh()) - before) / count;
  expect(each).toBeLessThan(20_000);
});

test('a thousand modules loaded and unloaded leave nothing behind', async () => {
  const realm = openRealm(realmFile, { shared: true });
  const weigh = await openScale(realm);
  const module = await realm.start('tiny', tiny);
  await module.says('ready');
  await module.stop();
  const cycle = async (count: number): Promise<void> => {
    for (let n = 0; n < count; n += 1) {
      const one = realm.startCompiled(module.start);
      await one.says('ready');
      await one.stop();
    }
  };
  await cycle(100);
  const before = await weigh();
  await cycle(1000);
  const each = ((await weigh()) - before) / 1000;
  expect(each).toBeLessThan(1000);
});

test('hundreds of versions of a module, with packages and imports of its own, leave nothing behind', async () => {
  const realm = openRealm(realmFile, { shared: true });
  const weigh = await openScale(realm);
  const index = join(realm.folder, 'node_modules/only/index.mjs');
  mkdirSync(dirname(index), { recursive: true });
  writeFileSync(index, 'export const count = 1;');
  writeFileSync(join(dirname(index), 'package.json'), '{"name":"only","type":"module","exports":"./index.mjs"}');
  const code = `import { count } from 'only';
    const padding = ${JSON.stringify('x'.repeat(20_000))};
    export async function main(ctx) {
      const later = await import('only');
      setInterval(() => padding, 60_000);
      console.log(count + later.count);
      ctx.handle('stack', () => new Error('x').stack);
      await ctx.run();
    }`;
  const first = await realm.start('module', code);
  await first.says('ready');
  await first.stop();
  expect(first.wrote()).toBe('2\n');
  const text = readFileSync(first.start.codeFile, 'utf8');
  const map = readFileSync(`${first.start.codeFile}.map`);
  let version = 0;
  const cycle = async (count: number): Promise<void> => {
    for (let n = 0; n < count; n += 1) {
      version += 1;
      const codeFile = join(realm.folder, `module.${version}.cjs`);
      writeFileSync(codeFile, `const version = ${version};${text}`);
      writeFileSync(`${codeFile}.map`, map);
      const one = realm.startCompiled({ ...first.start, codeFile });
      await one.says('ready');
      await realm.ask(one, 'stack');
      await one.stop();
    }
  };
  await cycle(50);
  await weigh(); // takes away what is compiled again once
  await cycle(50);
  const before = await weigh();
  await cycle(300);
  const each = ((await weigh()) - before) / 300;
  expect(each).toBeLessThan(1000);
});
