import type { Context } from '../../model/context.ts';
import { BadConfig, type BadSetting, type Field, fail, text } from '../settings/fields.ts';

/** Where a component answers. */
export interface Mount {
  /** Null: under each domain that has nothing of its own there. */
  readonly domain: string | null;
  /** `/`, or one or more segments without a slash at the end: it answers for all below it. */
  readonly path: string;
}

/**
 * By `config.mount` (`/path`, `domain` or `domain/path`, one or several); without it by its name: `gateway.status` of the
 * service `gateway` answers at `/status`, any other name is the domain. Throws EINVAL.
 */
export function mountsOf(name: string, service: string, config: Context['config']): readonly Mount[] {
  const { mount = [] } = config;
  const written = (Array.isArray(mount) ? mount : [mount]).map(
    (value, at): Field => ({ path: Array.isArray(mount) ? ['mount', at] : ['mount'], value }),
  );
  if (written.length > 0) return all(written);
  if (name.startsWith(`${service}.`)) return [{ domain: null, path: name.slice(service.length).replaceAll('.', '/') }];
  return [{ domain: name.toLowerCase(), path: '/' }];
}

export function mountText({ domain, path }: Mount): string {
  return `${domain ?? ''}${path === '/' && domain !== null ? '' : path}`;
}

/** All that is wrong is said at once. */
function all(fields: readonly Field[]): readonly Mount[] {
  const problems: BadSetting[] = [];
  const mounts = fields.flatMap((field) => {
    try {
      return [parse(field, text(field))];
    } catch (error) {
      if (!(error instanceof BadConfig)) throw error;
      problems.push(...error.problems);
      return [];
    }
  });
  if (problems.length > 0) throw new BadConfig(problems);
  return mounts;
}

function parse(field: Field, written: string): Mount {
  const slash = written.indexOf('/');
  const domain = (slash === -1 ? written : written.slice(0, slash)).toLowerCase();
  const path = slash === -1 ? '/' : written.slice(slash).replace(/\/+$/, '') || '/';
  const isPath = path === '/' || /^(?:\/[^/?#\\\s%]+)+$/.test(path);
  const isDomain = domain === '' || /^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/.test(domain);
  if (!isPath || !isDomain || /\/\.{1,2}(?:\/|$)/.test(path)) {
    return fail({ ...field, value: written }, 'is a path such as /shop, a domain, or a domain with a path');
  }
  return { domain: domain === '' ? null : domain, path };
}
