import * as z from 'zod/mini';
import type { WantedOutcome } from '../../src/engine/ports.ts';
import { codeFields } from '../../src/model/fields/code.ts';
import type { CodeSpec } from '../../src/model/fields/table.ts';
import type { Desired } from '../../src/model/module.ts';
import { defaultPolicy, type Policy } from '../../src/model/policy.ts';

/** A module of the simulated config: `version` is what changes, `fails` makes its start fail. */
export interface SimModule {
  version: number;
  requires: string[];
  /** The module that loads it into itself. */
  host: string | null;
  fails: boolean;
  /** It is done once it has ended. */
  oneshot: boolean;
  strategy: 'replace' | 'overlap';
  restart: 'never' | 'onFailure';
  /** What comes of it when it is to save its state. */
  saves: Saves;
  /** A field that is changed on the running process. */
  live: number;
  readyAfter: number;
  stopAfter: number;
}

export type Saves = 'state' | 'refuses' | 'hangs';

/** One that is nothing special. */
export const plain: SimModule = {
  version: 0,
  requires: [],
  host: null,
  fails: false,
  oneshot: false,
  strategy: 'replace',
  restart: 'never',
  saves: 'state',
  live: 0,
  readyAfter: 5,
  stopAfter: 5,
};

/** How a simulated module behaves, as it stands in the arguments of its spec. */
export interface Way {
  version: number;
  fails: boolean;
  oneshot: boolean;
  readyAfter: number;
  stopAfter: number;
  saves: Saves;
}

export type SimConfig = Record<string, SimModule> | 'broken';

const shapes = Object.fromEntries(Object.entries(codeFields).map(([name, field]) => [name, field.schema]));
const template = z.strictObject(shapes as never).parse({ module: '/sim' } as never) as unknown as CodeSpec;

/** The desired form of a simulated module, which nobody changes; all of it stands in its spec, as for a real one. */
export function desired(name: string, module: SimModule): Desired {
  const known = made.get(module);
  if (known?.name === name) return known;
  const fresh = make(name, module, JSON.stringify(module));
  made.set(module, fresh);
  return fresh;
}

const made = new WeakMap<SimModule, Desired>();

function make(name: string, module: SimModule, specDigest: string): Desired {
  const { version, fails, oneshot, readyAfter, stopAfter, saves, requires, host, strategy, restart, live } = module;
  const way: Way = { version, fails, oneshot, readyAfter, stopAfter, saves };
  const spec: CodeSpec & { oneshot: boolean } = {
    ...template,
    args: [JSON.stringify(way)],
    oneshot,
    // A run waits as long for one that fails and is tried again.
    ...(oneshot ? { startTimeout: 200 } : {}),
    requires: [...requires],
    service: host ?? 'none',
    reload: { strategy },
    restart: { policy: restart, backoff: { initial: 20, factor: 2, max: 100, resetAfter: 10_000 } },
    stopTimeout: 100 + live,
  };
  return { name, kind: 'code', spec, specDigest, codeDigest: null, path: '/sim', source: { file: '/muster.yaml', line: 1, column: 1 } };
}

/** What a process of this spec is run with. */
export function wayOf({ args: [text = ''] }: Pick<CodeSpec, 'args'>): Way {
  const known = ways.get(text);
  if (known !== undefined) return known;
  const way = JSON.parse(text) as Way;
  ways.set(text, way);
  return way;
}

const ways = new Map<string, Way>();

export function wantedOf(config: SimConfig, policy: Partial<Policy>): WantedOutcome {
  const place = { file: '/muster.yaml', line: 1, column: 1, endLine: 1, endColumn: 2 };
  if (config === 'broken')
    return { ok: false, diagnostics: [{ ...place, severity: 'error', code: 'yaml', message: 'broken' }], files: ['/muster.yaml'] };
  const modules = new Map(Object.entries(config).map(([name, module]) => [name, desired(name, module)] as const));
  const digest = JSON.stringify([...modules.values()].map((module) => [module.name, module.specDigest]));
  return {
    ok: true,
    wanted: { config: { digest, files: [], policy: { ...defaultPolicy, ...policy }, warnings: [] }, desired: modules },
  };
}
