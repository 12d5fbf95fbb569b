import { expect, test } from 'vitest';
import { checkMove, isHealthy, mayMove } from '../../src/instances/lifecycle.ts';
import { states } from '../../src/model/module.ts';

test('what runs is told to stop or ends, or another takes over; it never just disappears', () => {
  expect([...states, null].filter((to) => mayMove('R', to))).toEqual(['R', 'F', 'E', 'B']);
});

test('only a start leads to running, or one that ran beside', () => {
  expect([null, ...states].filter((from) => mayMove(from, 'R'))).toEqual(['I', 'R']);
});

test('but for that nothing moves to where it is', () => {
  expect(states.filter((state) => mayMove(state, state))).toEqual(['R']);
});

test('a move that there is not is a bug that names the module', () => {
  expect(() => checkMove('web', 'E', 'R')).toThrow('module web cannot go from E to R');
  expect(() => checkMove('web', null, 'B')).toThrow('from nothing to B');
});

test('a failed one, one between restarts and one on its way up are not healthy', () => {
  expect(states.filter((state) => isHealthy(state, false))).toEqual(['R', 'F', 'E']);
  expect(isHealthy('E', true)).toBe(false);
});
