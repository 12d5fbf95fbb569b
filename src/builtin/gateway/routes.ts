import { MusterError } from '../../model/error.ts';
import { type Mount, mountText } from './mount.ts';

interface Mounted {
  readonly name: string;
}

/** Which component answers where; of several mounts the one with the domain is meant, then the longest path. */
export class Routes<C extends Mounted> {
  readonly #byDomain = new Map<string, Map<string, C>>();
  readonly #anywhere = new Map<string, C>();

  /** Throws EEXIST, naming the holder, and changes nothing, if one of the places is another's who does not leave it. */
  check(mounts: readonly Mount[], name: string, leaves: (holder: string, mount: Mount) => boolean): void {
    for (const mount of mounts) {
      const holder = this.#under(mount.domain)?.get(mount.path);
      if (holder !== undefined && holder.name !== name && !leaves(holder.name, mount)) {
        throw new MusterError('EEXIST', `"${mountText(mount)}" is taken by "${holder.name}"`, { hint: 'config.mount says another place' });
      }
    }
  }

  add(mounts: readonly Mount[], component: C): void {
    for (const { domain, path } of mounts) {
      let paths = this.#under(domain);
      if (paths === undefined) {
        paths = new Map();
        this.#byDomain.set(domain as string, paths);
      }
      paths.set(path, component);
    }
  }

  remove(mounts: readonly Mount[], component: C): void {
    for (const { domain, path } of mounts) {
      const paths = this.#under(domain);
      if (paths?.get(path) === component) paths.delete(path);
      if (domain !== null && paths?.size === 0) this.#byDomain.delete(domain);
    }
  }

  /** With the path it is mounted at. A status: what the client gets where nobody answers. */
  find(domain: string, path: string): { readonly component: C; readonly mount: string } | 404 | 421 {
    const own = this.#byDomain.get(domain);
    const found = (own === undefined ? null : longest(own, path)) ?? longest(this.#anywhere, path);
    if (found !== null) return found;
    return own === undefined && this.#byDomain.size > 0 ? 421 : 404;
  }

  #under(domain: string | null): Map<string, C> | undefined {
    return domain === null ? this.#anywhere : this.#byDomain.get(domain);
  }
}

function longest<C>(paths: ReadonlyMap<string, C>, path: string): { component: C; mount: string } | null {
  if (paths.size === 0) return null;
  for (let end = path.length; end > 0; end = path.lastIndexOf('/', end - 1)) {
    const mount = path.slice(0, end);
    const component = paths.get(mount);
    if (component !== undefined) return { component, mount };
  }
  const root = paths.get('/');
  return root === undefined ? null : { component: root, mount: '/' };
}
