import { expect, test } from 'vitest';
import { createAlike } from '../../../src/runners/inside/alike.ts';
import type { Start } from '../../../src/runners/protocol.ts';

const start = (differs: Partial<Start> = {}): Start => ({
  ...{ name: 'one', path: '/modules/one.mjs', codeFile: '/state/code/1.cjs', args: [], env: { PATH: '/bin', MARKER: '1' }, config: {} },
  ...{ maxHeap: null, expectName: null, restored: null, ...differs },
});

test('modules with the same environment have one object of it, and nothing else of each other', () => {
  const alike = createAlike();
  const first = alike(start());
  const second = alike(start({ name: 'two', config: { a: 1 } }));
  expect(second.env).toBe(first.env);
  expect(second).toEqual(start({ name: 'two', config: { a: 1 } }));
});

test.each([
  ['another value', { PATH: '/bin', MARKER: '2' }],
  ['a variable less', { PATH: '/bin' }],
  ['a variable more', { PATH: '/bin', MARKER: '1', TOKEN: 'x' }],
  ['another variable', { PATH: '/bin', TOKEN: '1' }],
])('an environment with %s is its own, and that of who comes next', (_, env) => {
  const alike = createAlike();
  alike(start());
  expect(alike(start({ env })).env).toEqual(env);
  expect(alike(start()).env).toEqual(start().env);
});

test('arguments, path and code are those of each', () => {
  const alike = createAlike();
  alike(start());
  const other = start({ args: ['--loud'], path: '/modules/two.mjs', codeFile: '/state/code/2.cjs' });
  expect(alike(other)).toEqual(other);
  expect(alike(start())).toEqual(start());
});
