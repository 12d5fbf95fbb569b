import { expect, test } from 'vitest';
import { type PreflightOptions, preflight } from '../../src/packages/preflight.ts';

const files: Record<string, string> = {
  '/p/index.js': 'exports.x = 1;',
  '/p/lib/index.js': '',
  '/p/run': '#!/usr/bin/env node\n',
  '/p/script': '#!/bin/sh\n',
  '/p/bare': '',
  '/p/tool.py': '',
  '/p/tool.sh': '',
  '/p/native.mjs': 'export async function main(ctx) {}',
};
const look: PreflightOptions['look'] = {
  isFile: (path) => path in files,
  begin: (path) => files[path] ?? '',
  exportsOf: (path) => [...(files[path] ?? '').matchAll(/export async function (\w+)/g)].map(([, name = '']) => name),
};

const check = (manifest: unknown) =>
  preflight({
    folder: '/p',
    manifest: typeof manifest === 'string' ? manifest : JSON.stringify({ name: 'p', version: '1.0.0', ...(manifest as object) }),
    ...{ look, node: '/node', nodeVersion: 'v1', cpus: 4 },
  });
const script = (manifest: unknown) => check(manifest).programs.map((program) => program.script.slice('/p/'.length));

test('the first of apps, pm2, bin and main counts, in whatever form it is', () => {
  expect(script({ apps: [{ script: 'run' }], pm2: 'bare', bin: 'script', main: 'index.js' })).toEqual(['run']);
  expect(script({ apps: { script: './run' } })).toEqual(['run']);
  expect(script({ pm2: { apps: [{ script: 'run' }] }, main: 'index.js' })).toEqual(['run']);
  expect(script({ pm2: 'run' })).toEqual(['run']);
  expect(script({ bin: { b: './script', a: 'run' }, main: 'index.js' })).toEqual(['script']);
  expect(script({ main: './lib' })).toEqual(['lib/index.js']);
  expect(script({ main: 'index' })).toEqual(['index.js']);
  expect(script({ main: '.' })).toEqual(['index.js']);
});

test.each<[string, unknown, string]>([
  ['no JSON', '{"name": ', '/p/package.json is no JSON'],
  ['a list', '[]', '/p/package.json is no map'],
  ['no name', '{"main": "index.js"}', '/p/package.json has no "name"'],
  ['config that is no map', { main: 'index.js', config: [1] }, '"config" of /p/package.json is no map'],
  ['nothing to run', {}, '/p/package.json says nothing to run'],
  ['apps without an entry', { apps: [] }, '"apps" of /p/package.json is empty'],
  ['apps that is a number', { apps: 3 }, 'apps of /p/package.json is no entry'],
  ['an app without a script', { apps: [{ script: 'run' }, { name: 'x' }] }, 'apps[1] of /p/package.json has no "script"'],
  ['bin without a script', { bin: {} }, '"bin" of /p/package.json names no script'],
  ['main that is no text', { main: 1 }, '"main" of /p/package.json names no script'],
  ['a script that is not there', { bin: 'gone' }, '"bin" of /p/package.json names the script gone, which does not exist (/p/gone)'],
  [
    'two apps of one name',
    {
      apps: [
        { name: 'a', script: 'run' },
        { name: 'a', script: 'bare' },
      ],
    },
    'several entries of /p/package.json are named "a"',
  ],
  ['a script outside the package', { apps: [{ script: '../other/index.js' }] }, 'which lies outside the package (/other/index.js)'],
  ['a script anywhere', { bin: '/bin/sh' }, 'which lies outside the package (/bin/sh)'],
  ['PM2 itself among its dependencies', { main: 'index.js', dependencies: { pm2: '*' } }, 'p depends on pm2 itself'],
  ['PM2 itself among its peers', { main: 'index.js', peerDependencies: { pm2: '*' } }, 'p depends on pm2 itself'],
])('a package.json with %s is refused with a message of its own', (_, manifest, says) => {
  expect(() => check(manifest)).toThrow(says);
});

test('scripts are run by Node, by what their name or their first line says, or by what the entry says', () => {
  const by = (entry: object) => check({ apps: [entry] }).programs[0]?.interpreter;
  expect(by({ script: 'index.js' })).toEqual(['/node']);
  expect(by({ script: 'run' })).toEqual(['/node']);
  expect(by({ script: 'bare' })).toEqual(['/node']);
  expect(by({ script: 'script' })).toEqual([]);
  expect(by({ script: 'tool.py' })).toEqual(['python3']);
  expect(by({ script: 'tool.sh', interpreter: 'dash' })).toEqual(['dash']);
  expect(by({ script: 'index.js', interpreter: 'none' })).toEqual([]);
});

test('a main file that exports main is a module of muster; an entry of apps is a program whatever it exports', () => {
  expect(check({ main: 'native.mjs' }).programs[0]).toMatchObject({ module: true, node: 'v1' });
  expect(check({ apps: [{ script: 'native.mjs' }] }).programs[0]).toMatchObject({ module: false, node: 'v1' });
  expect(check({ main: 'index.js' }).programs[0]).toMatchObject({ module: false });
});

test('several entries and several instances are programs with names of their own', () => {
  const names = (apps: unknown) => check({ apps }).programs.map(({ app, instance }) => `${app} ${instance}`);
  expect(names([{ script: 'run' }])).toEqual(['null 0']);
  expect(names([{ script: 'run', instances: 2 }])).toEqual(['0 0', '1 1']);
  expect(
    names([
      { script: 'run', name: 'a b' },
      { script: 'tool.sh', instances: 'max' },
    ]),
  ).toEqual(['a-b 0', ...[0, 1, 2, 3].map((index) => `tool-${index} ${index}`)]);
  expect(names([{ script: 'run', instances: -1 }])).toHaveLength(3);
  expect(names([{ script: 'run', instances: 128 }])).toHaveLength(128);
  expect(names([{ script: 'run', instances: 129 }])).toHaveLength(1);
});

test('a name that is none of a module becomes one, which is said', () => {
  const { programs, notes } = check({
    apps: [
      { script: 'run', name: '../e' },
      { script: 'run', name: 'f' },
      { script: 'run', name: '..' },
    ],
  });
  expect(programs.map(({ app }) => app)).toEqual(['e', 'f', '2']);
  expect(notes).toEqual(['apps[0] of p: "../e" is called e here', 'apps[2] of p: ".." is called 2 here']);
});

test('keys of PM2 become fields of muster, and those without a counterpart or without sense are named', () => {
  const { programs, notes } = check({
    apps: [
      {
        script: 'run',
        args: '--port 80',
        env: { A: 'x', B: 1 },
        cwd: 'lib',
        max_memory_restart: '150M',
        kill_timeout: 1600,
        min_uptime: '2s',
        max_restarts: 3,
        restart_delay: 100,
        autorestart: true,
        watch: true,
        exec_mode: 'fork',
      },
    ],
  });
  expect(programs[0]).toMatchObject({ cwd: '/p/lib', env: { A: 'x', B: '1' }, maxMemory: 150 * 1024 ** 2 });
  expect(programs[0]?.fields).toEqual({
    args: ['--port', '80'],
    stopTimeout: 1600,
    restart: {
      policy: 'always',
      backoff: { initial: 100, factor: 1, max: 100, resetAfter: 2000 },
      limit: { count: 3, within: 6300 },
    },
  });
  expect(notes).toEqual(['apps of p: passed over exec_mode, watch']);
  expect(check({ apps: [{ script: 'run', kill_timeout: 'soon', instances: 'many' }] }).notes).toEqual([
    'apps of p: passed over instances, kill_timeout',
  ]);
  expect(check({ apps: [{ script: 'run' }] }).programs[0]?.fields).toEqual({});
});
