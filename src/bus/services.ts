import { MusterError } from '../model/error.ts';

/** Services that a module has, and whether its spec declares them (`provides`): only such a one can be shared. */
export type Claims = ReadonlyMap<string, boolean>;

const none: Claims = new Map();

/** Which modules have which services. Holds names only, and knows nothing of who runs. */
export class ServiceTable {
  /** By service, then by module. */
  #claims = new Map<string, Map<string, boolean>>();
  #byModule = new Map<string, Claims>();

  /** Another module that has the service so that this one cannot have it too; null: it can. */
  inTheWay(service: string, module: string, declared: boolean): string | null {
    for (const [other, alsoDeclared] of this.#claims.get(service) ?? none) {
      if (other !== module && !(declared && alsoDeclared)) return other;
    }
    return null;
  }

  /** Throws EEXIST, naming the holder. */
  check(service: string, module: string, declared: boolean): void {
    const holder = this.inTheWay(service, module, declared);
    if (holder === null) return;
    const text = holder === service ? `${service} is the name of a module` : `the service ${service} is registered by ${holder}`;
    throw new MusterError('EEXIST', text, { hint: `choose another name, or remove ${holder}` });
  }

  /** What the module has from now on; each was checked. */
  set(module: string, claims: Claims): void {
    for (const service of this.of(module).keys()) {
      if (claims.has(service)) continue;
      const modules = this.#claims.get(service);
      modules?.delete(module);
      if (modules?.size === 0) this.#claims.delete(service);
    }
    for (const [service, declared] of claims) {
      const modules = this.#claims.get(service);
      if (modules === undefined) this.#claims.set(service, new Map([[module, declared]]));
      else modules.set(module, declared);
    }
    if (claims.size === 0) this.#byModule.delete(module);
    else this.#byModule.set(module, claims);
  }

  of(module: string): Claims {
    return this.#byModule.get(module) ?? none;
  }

  /** Modules that have it; mostly one. */
  modules(service: string): Iterable<string> {
    return this.#claims.get(service)?.keys() ?? [];
  }

  get size(): number {
    return this.#claims.size;
  }

  all(): Iterable<string> {
    return this.#claims.keys();
  }
}

/** The services that a prefix can mean, longest first: `a.b.c`, `a.b`, `a`. */
export function* servicesIn(prefix: string): Generator<string> {
  for (let end = prefix.length; end > 0; end = prefix.lastIndexOf('.', end - 1)) yield prefix.slice(0, end);
}

/** A topic without its last word; empty for one that has no service. */
export function prefixOf(topic: string): string {
  if (topic !== lastTopic) {
    lastPrefix = topic.slice(0, Math.max(0, topic.lastIndexOf('.')));
    lastTopic = topic;
  }
  return lastPrefix;
}

/** Requests that follow each other mostly are to the same topic, and a text that was looked up before is looked up faster. */
let lastTopic = '';
let lastPrefix = '';
