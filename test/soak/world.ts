import { join } from 'node:path';

const talks = join(import.meta.dirname, 'fixtures/talks.mjs');

/** One module of the soak. Those that are mortal crash or are killed with their runner; the others are reloaded only. */
interface Actor {
  readonly name: string;
  readonly mortal: boolean;
  readonly spec: string;
  readonly hosts?: true;
}

const overlap = 'reload: {strategy: overlap}';
const often = 'restart: {policy: always, backoff: {initial: 100ms, max: 400ms}}';
const aside = `runner: side, ${often}`;

const actors: readonly Actor[] = [
  { name: 'calm', mortal: false, spec: 'isolation: thread' },
  { name: 'swift', mortal: false, spec: `isolation: thread, ${overlap}` },
  { name: 'twin-a', mortal: false, spec: 'isolation: shared, threadGroup: twins' },
  { name: 'twin-b', mortal: false, spec: `isolation: shared, threadGroup: twins, ${overlap}` },
  { name: 'apart', mortal: false, spec: 'isolation: process' },
  { name: 'apart-swift', mortal: false, spec: `isolation: process, ${overlap}` },
  { name: 'gate', mortal: false, spec: 'isolation: thread', hosts: true },
  { name: 'gate.page', mortal: false, spec: 'startTimeout: 30s' },
  { name: 'side-thread', mortal: true, spec: aside },
  { name: 'side-swift', mortal: true, spec: `${aside}, ${overlap}` },
  { name: 'side-one', mortal: true, spec: `isolation: shared, ${aside}` },
  { name: 'side-two', mortal: true, spec: `isolation: shared, ${aside}` },
  { name: 'lone', mortal: true, spec: `isolation: process, ${often}` },
];

const names = (mortal: boolean): string[] => actors.filter((actor) => actor.mortal === mortal).map(({ name }) => name);
export const safe: readonly string[] = names(false);
export const mortal: readonly string[] = names(true);
export const everyone: readonly string[] = [...safe, ...mortal];

/** `steps`: how often each module was edited. */
export function config(steps: ReadonlyMap<string, number>, findings: string): string {
  const common = { everyMs: 40, peers: everyone, mortal };
  const entries = actors.map(({ name, spec, hosts }) => {
    const own = JSON.stringify({ ...common, step: steps.get(name) ?? 0, ...(hosts === undefined ? {} : { hosts }) });
    return `  ${name}: {module: ${talks}, env: {FINDINGS: ${findings}}, ${spec}, config: ${own}}\n`;
  });
  return `version: 1\npolicy: {watch: off}\nmodules:\n${entries.join('')}`;
}

/** How a module is loaded by hand that nobody asks and that asks nobody. */
export function visitor(name: string, findings: string) {
  const config = { everyMs: 2 ** 30, peers: everyone, mortal };
  return { target: talks, name, args: [], env: { FINDINGS: findings }, config, cwd: import.meta.dirname };
}
