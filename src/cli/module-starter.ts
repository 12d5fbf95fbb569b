/** What `init module NAME` writes as NAME.ts. */
export function moduleStarter(name: string): string {
  return `import type { Context } from 'musterd';

// The name that \`muster load\` gives it; a key in the config, or --name, says otherwise.
export const name = '${name}';

export async function main(ctx: Context, args: string[]) {
  // What the last instance saved before a reload; nothing at a first start.
  let greeted: number = ctx.restored?.greeted ?? 0;
  ctx.onSave(() => ({ greeted }));

  // muster request ${name}.hello '{"who": "you"}'
  ctx.handle('hello', ({ payload }) => {
    greeted += 1;
    ctx.publish(\`\${ctx.name}.greeted\`, { who: payload?.who, greeted });
    return { text: \`\${ctx.config.greeting ?? 'hello'} \${payload?.who ?? 'nobody'}\`, greeted };
  });

  // muster stats ${name}
  ctx.onStats(() => ({ greeted }));

  // A changed config is taken without a restart: ctx.config is the new one here. To refuse it, throw.
  ctx.onReconfigure(() => ctx.log.info('the greeting is', ctx.config.greeting));

  // Awaited before it ends.
  ctx.onShutdown(() => ctx.log.info('greeted', greeted));

  ctx.log.info('started with', args);
  // It runs from here on, until it is told to stop.
  await ctx.run();
}
`;
}

/** What \`init module NAME\` writes as NAME.test.mjs: it runs the module in a daemon of its own, as it will run later. */
export function moduleTest(name: string): string {
  return `// node --test ${name}.test.mjs
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, before, test } from 'node:test';

// A daemon with a folder of its own, so that it meets no other.
const folder = mkdtempSync(join(tmpdir(), '${name}-test-'));
const config = join(folder, 'muster.yaml');
const path = [join(import.meta.dirname, 'node_modules', '.bin'), process.env.PATH].join(delimiter);
const env = { ...process.env, PATH: path, MUSTER_STATE_DIR: join(folder, 'state') };

function muster(...args) {
  const { status, stdout, stderr, error } = spawnSync('muster', args, { env, encoding: 'utf8' });
  if (error) throw new Error('"muster" cannot be run: install musterd here or globally', { cause: error });
  assert.equal(status, 0, \`muster \${args.join(' ')}: \${stderr}\`);
  return stdout;
}

const request = (method, payload) => JSON.parse(muster('request', \`${name}.\${method}\`, JSON.stringify(payload)));

function configure(greeting) {
  const module = { module: join(import.meta.dirname, '${name}.ts'), config: { greeting } };
  writeFileSync(config, JSON.stringify({ version: 1, modules: { '${name}': module } }).replaceAll('$', '$$$$'));
}

before(() => {
  configure('hello');
  muster('up', '-d', '-c', config);
});

after(() => {
  muster('down');
  rmSync(folder, { recursive: true, force: true });
});

test('greets who asks, and counts', () => {
  assert.deepEqual(request('hello', { who: 'you' }), { text: 'hello you', greeted: 1 });
  assert.equal(muster('stats', '${name}', '-p', 'greeted'), '1\\n');
});

test('takes another greeting without a restart', () => {
  configure('good morning');
  muster('reload');
  assert.deepEqual(request('hello', { who: 'you' }), { text: 'good morning you', greeted: 2 });
});

test('goes on counting after a reload', () => {
  muster('reload', '${name}');
  assert.equal(request('hello', { who: 'you' }).greeted, 3);
});
`;
}
