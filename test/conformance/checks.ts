import type { Check } from './check.ts';
import { answers } from './checks/answers.ts';
import { asks } from './checks/asks.ts';
import { builtins } from './checks/builtins.ts';
import { code } from './checks/code.ts';
import { config } from './checks/config.ts';
import { control } from './checks/control.ts';
import { events } from './checks/events.ts';
import { failures } from './checks/failures.ts';
import { hosting } from './checks/hosting.ts';
import { identity } from './checks/identity.ts';
import { life } from './checks/life.ts';
import { output } from './checks/output.ts';
import { services } from './checks/services.ts';
import { state } from './checks/state.ts';
import { streams } from './checks/streams.ts';
import { type Entry, fixture } from './world.ts';

export const checks: readonly Check[] = [
  ...identity,
  ...answers,
  ...asks,
  ...streams,
  ...events,
  ...services,
  ...hosting,
  ...builtins,
  ...output,
  ...config,
  ...state,
  ...control,
  ...code,
  ...life,
  ...failures,
];

/** The modules under test that are there all the time. */
export const modules: Readonly<Record<string, Entry>> = {
  'host.probe': {
    module: fixture('probe.ts'),
    args: ['--loud', 'a b', '', 'q"uo', 'ü'],
    env: { MARKER: 'its own', LANG: null },
    config: { greeting: 'hello', deep: { list: [1, { a: null }], on: true } },
  },
  'host.counted': { module: fixture('counted.ts') },
  'host.own': { module: fixture('own-builtins.ts') },
  'host.none': { module: fixture('asks-muster.ts') },
  'host.read': { module: fixture('asks-muster.ts'), control: 'read' },
  'host.apply': { module: fixture('asks-muster.ts'), control: 'apply' },
  'host.target': { module: fixture('twin.ts') },
  'host.lines': { module: './lines.ts' },
  'host.packages': { module: './packages.mjs' },
  'host.common': { module: './common.cjs' },
};
