import type { Check } from '../check.ts';

export const identity: Check[] = [
  {
    title: 'A module knows its name and rank, and its signal is not aborted',
    observe: ({ ask }) => ask('host.probe.who'),
    expected: { name: 'host.probe', rank: 0, aborted: false, signal: true },
  },
  {
    title: 'What a context can do works apart from it too, and is the same each time',
    observe: ({ ask }) => ask('host.probe.taken'),
    expected: { name: 'host.probe', same: true },
  },
  {
    title: 'Arguments arrive unchanged: in the context, in main, in process.argv, and while the file is loaded',
    observe: ({ ask }) => ask('host.probe.args'),
    expected: Object.fromEntries(
      ['ofContext', 'ofMain', 'ofProcess', 'atLoad'].map((where) => [where, ['--loud', 'a b', '', 'q"uo', 'ü']]),
    ),
  },
  {
    title: 'The config is what the file says',
    observe: ({ ask }) => ask('host.probe.config'),
    expected: { greeting: 'hello', deep: { list: [1, { a: null }], on: true } },
  },
  {
    title: 'Config, arguments and environment of the context are frozen, the config to its depth',
    observe: ({ ask }) => ask('host.probe.frozen'),
    expected: [true, true, true, true],
  },
  {
    title: 'The environment is what the file says, the same in process.env, and nothing of the daemon leaks in',
    observe: ({ ask }) => ask('host.probe.env'),
    expected: { marker: 'its own', atLoad: 'its own', same: true, leaked: null, unset: false },
  },
  {
    title: 'A variable that a module sets is its own, and no neighbour sees it',
    observe: async ({ ask }) => [await ask('host.probe.setEnv', { key: 'SET_LATER', value: 'x' }), await ask('host.env', 'SET_LATER')],
    expected: [['x', null, true], null],
  },
  {
    title: 'process.env and process.argv of the neighbour are its own',
    observe: async ({ ask }) => [await ask('host.env', 'MARKER'), await ask('host.argv')],
    expected: [null, []],
  },
];
