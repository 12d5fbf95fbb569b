import type { SimConfig, SimModule } from './modules.ts';
import type { seeded } from './seeded.ts';

export const names = ['a', 'b', 'c', 'd', 'e'];

/** Requires only point to names before, so that there is no cycle; a config with one never gets this far. */
export function randomConfig(random: ReturnType<typeof seeded>): Record<string, SimModule> {
  const config: Record<string, SimModule> = {};
  for (const [index, name] of names.entries()) if (random.chance(0.7)) config[name] = randomModule(random, index);
  return closed(config);
}

export function edited(config: SimConfig, random: ReturnType<typeof seeded>): Record<string, SimModule> {
  if (config === 'broken') return randomConfig(random);
  const next = { ...config };
  const index = random.int(names.length);
  const name = names[index] as string;
  if (name in next && random.chance(0.4)) delete next[name];
  else next[name] = randomModule(random, index);
  return closed(next);
}

/** Drops requirements on what is not there. */
function closed(config: Record<string, SimModule>): Record<string, SimModule> {
  return Object.fromEntries(
    Object.entries(config).map(([name, module]) => {
      const { requires, host } = module;
      const hosted = host !== null && host in config && config[host]?.oneshot !== true && !module.oneshot;
      const there = { requires: requires.filter((other) => other in config), host: hosted ? host : null };
      return [name, { ...module, ...there }];
    }),
  );
}

function randomModule(random: ReturnType<typeof seeded>, index: number): SimModule {
  return {
    version: random.int(3),
    requires: names.slice(0, index).filter(() => random.chance(0.3)),
    host: index > 0 && random.chance(0.25) ? random.pick(names.slice(0, index)) : null,
    strategy: random.pick(['replace', 'overlap']),
    restart: random.pick(['never', 'onFailure']),
    saves: random.chance(0.8) ? 'state' : random.pick(['refuses', 'hangs']),
    fails: random.chance(0.15),
    oneshot: random.chance(0.15),
    live: random.int(2),
    readyAfter: random.pick([0, 5, 40]),
    stopAfter: random.pick([0, 5, 40]),
  };
}
