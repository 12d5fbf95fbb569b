import type { Diagnostic } from '../model/diagnostic.ts';
import { loaderOf, requiredNames } from '../model/requires.ts';
import { restarted } from './compare.ts';
import type { Draft } from './draft.ts';
import { changeOf, nameplate } from './entry.ts';
import { loadedByService } from './ownership.ts';
import { referrers } from './requires.ts';

/** What a service loaded by itself, and nobody declares, goes with that service. */
export function removeWithHosts(draft: Draft): void {
  const { input, existing, last, changes, held, unmanaged, leftOut, reach } = draft;
  const queue = [...changes.values()].filter((change) => change.action === 'remove').map((change) => change.name);
  if (queue.length === 0 || existing.hosted.size === 0) return;
  const hosted = referrers(existing.hosted, (spec) => hostsOf(last.hostOf(spec)));
  for (let i = 0; i < queue.length; i += 1) {
    const host = queue[i] ?? '';
    for (const name of hosted.get(host) ?? []) {
      const module = input.loaded.get(name);
      const isLeftAlone = unmanaged.has(name) || (changes.get(name)?.asLoaded === true && !held.has(name));
      if (module?.origin !== 'service' || !isLeftAlone) continue;
      if (!reach.passes(name)) {
        leftOut.add(name);
        continue;
      }
      unmanaged.delete(name);
      const reason = { code: 'dependency', text: `loaded by ${host}, which is removed` };
      changes.set(name, changeOf(name, module, { action: 'remove', reason, fields: [] }));
      queue.push(name);
    }
  }
}

/** The same taken back, for a service that stays after all; the names that stay with it. */
export function stayWithHost({ input, last, changes, unmanaged }: Draft, host: string): string[] {
  const back: string[] = [];
  for (const { name, action, reason } of [...changes.values()]) {
    const module = input.loaded.get(name);
    if (action !== 'remove' || reason.code !== 'dependency' || module === undefined || last.hostOf(module.spec) !== host) continue;
    changes.delete(name);
    if (module.started) unmanaged.set(name, { ...nameplate(name, module), reason: loadedByService });
    else changes.set(name, { ...changeOf(name, module, { action: 'load', reason: restarted, fields: [] }), asLoaded: true });
    back.push(name);
  }
  return back.sort();
}

export function hostsOf(host: string | null): readonly string[] {
  return host === null ? nobody : [host];
}

const nobody: readonly string[] = [];

type Problem = Pick<Diagnostic, 'code' | 'message' | 'hint'>;

/** By module what it misses whose service cannot load it. Of what is required by others with that service it is said once. */
export function hostProblems(draft: Draft): Map<string, Problem> {
  const all = new Map(
    [...draft.services.hosted.keys()].flatMap((name) => {
      const found = hostProblem(draft, name);
      return found === null ? [] : [[name, found] as const];
    }),
  );
  const loader = (name: string): string | null => {
    const spec = draft.wanted.get(name)?.spec;
    return spec === undefined ? null : loaderOf(spec);
  };
  const isSaid = (name: string): boolean => {
    const spec = draft.wanted.get(name)?.spec;
    const names = spec === undefined ? [] : requiredNames(spec);
    return names.some((other) => other !== name && all.has(other) && loader(other) === loader(name));
  };
  return new Map([...all].filter(([name]) => !isSaid(name)));
}

/** What a module misses whose service cannot load it; null: nothing. A run on some modules is judged by what it changes. */
function hostProblem(draft: Draft, name: string): Problem | null {
  const { input, wanted, next, changes, held, leftOut } = draft;
  const spec = wanted.get(name)?.spec;
  const service = spec === undefined ? null : loaderOf(spec);
  if (service === null || held.has(name) || leftOut.has(name)) return null;
  const change = changes.get(name);
  if (change === undefined ? input.request.scope !== null : change.asLoaded === true) return null;

  const host = next.resolve(service);
  const module = wanted.get(host) ?? input.loaded.get(host);
  const says = `${name} is loaded by the service ${service}`;
  if (module?.kind === 'command') {
    return { code: 'EINVAL', message: `${says}, which is a command and can load nothing`, hint: `say service: none of ${name}` };
  }
  if (wanted.has(host)) return null;
  const holder = input.registered?.get(service);
  if (module === undefined && holder !== undefined) {
    const remedy = `say provides: [${service}] of ${holder}, so that it runs before what it loads`;
    return { code: 'ENOSYS', message: `${says}, which ${holder} registers though its entry does not say so`, hint: remedy };
  }
  const hint = `declare ${service}, or say service: none of ${name}; a module that registers ${service} says provides: [${service}]`;
  if (module === undefined) return { code: 'ENOSYS', message: `${says}, which is neither declared nor loaded`, hint };
  return isGoing(draft, host) ? { code: 'ENOSYS', message: `${says}, which is no longer declared`, hint } : null;
}

function isGoing({ changes, renames }: Draft, host: string): boolean {
  return changes.get(host)?.action === 'remove' || [...renames.values()].includes(host);
}
