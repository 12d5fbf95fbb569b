import type { Random } from '../../src/model/ports.ts';

/** A component as the file says it; absent: not said. */
interface Component {
  readonly module: 'one' | 'two';
  readonly args: number;
  readonly key?: number;
  readonly disabled?: true;
}

interface Host {
  readonly key?: number;
  readonly color: number;
  readonly components: ReadonlyMap<string, Component>;
}

/** What a config file says below `hosts:`. */
export interface World {
  readonly defaults: number;
  readonly hosts: ReadonlyMap<string, Host>;
}

const pick = <T>(random: Random, from: readonly T[]): T => from[Math.floor(random.next() * from.length)] as T;
const digit = (random: Random): number => Math.floor(random.next() * 5);

/** Hosts `h0.example` … with the same number of components each. */
export function manyHosts(random: Random, hosts: number, components: number): World {
  const each = (host: number) =>
    Array.from({ length: components / hosts }, (_, at) => [`c${at}.h${host}.example`, component(random)] as const);
  const all = Array.from(
    { length: hosts },
    (_, at) => [`h${at}.example`, { color: digit(random), components: new Map(each(at)) }] as const,
  );
  return { defaults: 0, hosts: new Map(all) };
}

function component(random: Random): Component {
  return {
    ...{ module: pick(random, ['one', 'two'] as const), args: digit(random) },
    ...(random.next() < 0.3 ? { key: digit(random) } : {}),
    ...(random.next() < 0.05 ? { disabled: true as const } : {}),
  };
}

/** The world after one edit of somebody; sometimes none. */
export function edited(world: World, random: Random): World {
  const hosts = new Map(world.hosts);
  const [name, host] = pick(random, [...hosts]);
  const components = new Map(host.components);
  const change = (changed: Partial<Host>): World => ({ ...world, hosts: hosts.set(name, { ...host, components, ...changed }) });
  const [other] = components.size === 0 ? [null] : pick(random, [...components]);
  switch (Math.floor(random.next() * 9)) {
    case 0:
      return { ...world, defaults: digit(random) };
    case 1:
      return change({ color: digit(random) });
    case 2:
      return change({ key: digit(random) });
    case 3:
      // As many as there were, so that the world neither grows nor ends.
      hosts.delete(name);
      return { ...world, hosts: hosts.set(`${random.id()}.example`, renamed(host, random)) };
    case 4:
    case 5:
      if (other !== null) components.delete(other);
      components.set(`${random.id()}.${name}`, component(random));
      return change({});
    case 6: {
      const [to, target] = pick(random, [...hosts]);
      const moved = other === null ? undefined : components.get(other);
      if (other === null || moved === undefined || to === name) return world;
      components.delete(other);
      hosts.set(name, { ...host, components });
      return { ...world, hosts: hosts.set(to, { ...target, components: new Map(target.components).set(other, moved) }) };
    }
    default:
      if (other !== null) components.set(other, component(random));
      return change({});
  }
}

function renamed(host: Host, random: Random): Host {
  const all = [...host.components.values()].map((one) => [`${random.id()}.example`, one] as const);
  return { ...host, components: new Map(all) };
}

/** The file, as people write it: a line for each thing. */
export function textOf({ defaults, hosts }: World, modules: string): string {
  const lines = ['version: 1', `defaults: {hosts: {service: loads, module: ./host.mjs, config: {all: ${defaults}}}}`];
  lines.push('policy: {maxRemovals: 100%}', 'modules:', modules, 'hosts:');
  for (const [name, { key, color, components }] of hosts) {
    lines.push(`  ${name}:`, `    config: {color: ${color}${key === undefined ? '' : `, key: ${key}`}}`);
    if (components.size > 0) lines.push('    components:');
    for (const [domain, { module, args, key: own, disabled }] of components) {
      lines.push(`      ${domain}:`, `        module: ./${module}.mjs`, `        args: ["${args}"]`);
      if (own !== undefined) lines.push(`        config: {key: ${own}}`);
      if (disabled) lines.push('        disabled: true');
    }
  }
  return `${lines.join('\n')}\n`;
}
