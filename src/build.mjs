// Builds `dist/`: what is shipped and what the tests run. `node src/build.mjs [--outdir DIR] [--watch]`
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readdir, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, context } from 'esbuild';

const src = dirname(fileURLToPath(import.meta.url));
const option = process.argv.indexOf('--outdir');
const outdir = option === -1 ? join(src, '..', 'dist') : resolve(process.argv[option + 1]);
const watch = process.argv.includes('--watch');

/** Parts that are loaded only when needed: in a bundle their import becomes one of the neighbouring file. */
const lazyParts = ['offline', 'daemon'];
const lazy = {
  name: 'lazy-parts',
  setup({ onResolve }) {
    onResolve({ filter: new RegExp(`/(${lazyParts.join('|')})/main\\.ts$`) }, ({ path, kind }) =>
      kind === 'entry-point' ? undefined : { path: `./${/\/(\w+)\/main\.ts$/.exec(path)[1]}.cjs`, external: true },
    );
  },
};

/** What few commands of the client use is loaded with its first use: together it takes a tenth of what a short command does. */
const late = {
  name: 'late-modules',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:(child_process|crypto|fs\/promises)$/ }, ({ path, namespace }) =>
      namespace === 'late' ? { path, external: true } : { path, namespace: 'late' },
    );
    onLoad({ filter: /./, namespace: 'late' }, async ({ path }) => {
      const names = Object.keys((await import(path)).default);
      const getter = `{ enumerable: true, get: () => require('${path}')[name] }`;
      return { contents: `for (const name of '${names.join()}'.split(',')) Object.defineProperty(exports, name, ${getter});` };
    });
  },
};

/** Lazy parts are CommonJS too: `require` spares the daemon Node's loader for ES modules, 40 ms and some memory. What comes from a cache has nothing else. */
const requiring = { supported: { 'dynamic-import': false } };

const common = {
  outdir,
  bundle: true,
  platform: 'node',
  target: 'node20.19',
  format: 'cjs',
  outExtension: { '.js': '.cjs' },
  minify: true,
  keepNames: true,
  sourcemap: true,
  sourcesContent: false,
  external: ['esbuild'],
  plugins: [lazy],
  logLevel: 'warning',
  define: { 'import.meta.url': '__bundleUrl' },
  banner: { js: "const __bundleUrl=require('node:url').pathToFileURL(__filename).href;" },
};
const lasting = {
  ...common,
  // Names that are kept by hand make every closure twice as large and cost a call each, and each module has some hundred.
  minify: false,
  minifyWhitespace: true,
  minifySyntax: true,
  keepNames: false,
};
/** What a daemon without modules answers to the first request. */
const emptyList = { type: 'response', topic: 'muster.list', id: 1, payload: { formatVersion: 1, modules: [] } };
const builtins = (await readdir(join(src, 'builtin')).catch(() => [])).filter((file) => file.endsWith('.ts'));
const targets = [
  { ...common, entryPoints: { cli: join(src, 'cli/bin.ts') }, sourcemap: false, banner: { js: '#!/usr/bin/env node' } },
  { ...common, ...requiring, plugins: [lazy, late], entryPoints: { client: join(src, 'cli/main.ts') } },
  { ...common, entryPoints: { offline: join(src, 'offline/main.ts') } },
  {
    ...lasting,
    ...requiring,
    entryPoints: {
      daemon: join(src, 'daemon/main.ts'),
      keeper: join(src, 'keeper/process/main.ts'),
      executor: join(src, 'keeper/process/executor/thread.ts'),
    },
  },
  { ...lasting, entryPoints: { runner: join(src, 'runners/inside/runner.ts') } },
  // Their own place is told to them; to load `node:url` would take 0.2 ms of the start of each thread.
  { ...lasting, banner: {}, entryPoints: { boot: join(src, 'runners/inside/boot.ts'), realm: join(src, 'runners/inside/realm.ts') } },
  {
    entryPoints: [join(src, 'index.ts'), ...builtins.map((file) => join(src, 'builtin', file))],
    outbase: src,
    outdir,
    bundle: true,
    platform: 'node',
    target: 'node20.19',
    format: 'esm',
    packages: 'external',
    logLevel: 'warning',
  },
];

await rm(outdir, { recursive: true, force: true });
if (watch) {
  for (const target of targets) await (await context(target)).watch();
} else {
  await Promise.all(targets.map((target) => build(target)));
  await chmod(join(outdir, 'cli.cjs'), 0o755);
  // One lists nothing, the other finds no config: by then they have compiled what every start needs. Without its cache either works as well.
  const stateDir = join(outdir, 'none');
  await mkdir(stateDir);
  const daemon = createServer((socket) => socket.once('data', () => socket.end(`${JSON.stringify(emptyList)}\n`)));
  daemon.on('error', () => {}).listen(join(stateDir, 'muster.sock'));
  await compile('client', ['list'], stateDir);
  daemon.close();
  await compile('daemon', ['up', '-c', join(outdir, 'none.yaml')], stateDir);
  await rm(stateDir, { recursive: true, force: true });
}

async function compile(part, args, stateDir) {
  const env = { ...process.env, MUSTER_STATE_DIR: stateDir, MUSTER_BUILD_CACHE: join(outdir, `${part}.cache`) };
  await once(execFile(process.execPath, [join(outdir, 'cli.cjs'), ...args], { env, timeout: 60_000 }), 'close');
}
