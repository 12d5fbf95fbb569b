import { MusterError } from '../model/error.ts';
import type { Desired, Loaded } from '../model/module.ts';
import { auditOwn } from './audit.ts';
import { type Command, runCommand } from './command.ts';
import { desiredWith } from './commands.ts';
import { alternativesOf, type EngineContext, holdsNow } from './context.ts';
import { dependentsOf } from './names.ts';
import { remember } from './reconcile.ts';

/** What became of a module the last time its code was found changed, so that it is tried, and said, once. */
type Tried = Map<string, string>;

/** One whose code has changed, and as it is to be. */
interface Changed {
  readonly module: Loaded;
  readonly desired: Desired;
}

/**
 * Loads those modules again that say `watch: true` and whose code has changed on disk. Touches nothing else, and does not
 * reject for their faults.
 */
export function createWatched(context: EngineContext): () => Promise<void> {
  const tried: Tried = new Map();
  return async () => {
    const { instances } = context.ports;
    for (const name of tried.keys()) if (instances.get(name) === undefined) tried.delete(name);
    const changed: Changed[] = [];
    for (const module of watching(context)) {
      const desired = await changedCode(module, tried, context);
      if (desired !== null) changed.push({ module, desired });
    }
    if (changed.length > 0) await reloadChanged(changed, tried, context);
  };
}

/**
 * Not what is held or protected: a plan of the whole config shows what is due of them. Nor what is of a repository: a commit
 * of which the config does not hold is not to be loaded in parts.
 */
function watching(context: EngineContext): Loaded[] {
  const { instances, sources } = context.ports;
  const held = new Set(holdsNow(context).map(({ name }) => name));
  const mayReload = ({ name, spec, started, path }: Loaded): boolean =>
    spec.watch && started && !spec.protect && !held.has(name) && !sources.isOfSource(path);
  return held.has('*') ? [] : [...instances.snapshot().values()].filter(mayReload);
}

async function changedCode(module: Loaded, tried: Tried, context: EngineContext): Promise<Desired | null> {
  const { name, codeDigest } = module;
  try {
    const desired = await context.ports.sources.afresh(module);
    if (desired.codeDigest === codeDigest) tried.delete(name);
    if (desired.codeDigest === codeDigest || tried.get(name) === desired.codeDigest) return null;
    tried.set(name, desired.codeDigest ?? '');
    return desired;
  } catch (error) {
    if (!(error instanceof MusterError)) throw error;
    if (tried.get(name) !== error.message) fault(`${name} stays as it is: ${error.message}`, context, name);
    tried.set(name, error.message);
    return null;
  }
}

async function reloadChanged(changed: readonly Changed[], tried: Tried, context: EngineContext): Promise<void> {
  const { clock, instances } = context.ports;
  const at = new Date(clock.now()).toISOString();
  const names = changed.map(({ module }) => module.name);
  const prepare = (): Command => {
    const loaded = instances.snapshot();
    const still = changed.filter(({ module: { name, specDigest } }) => loaded.get(name)?.specDigest === specDigest);
    return {
      name: trigger,
      common: {},
      request: { scope: new Set(dependentsOf(names, loaded, 'reload', alternativesOf(context))), asked: new Set(names) },
      desired: desiredWith(
        loaded,
        still.map(({ desired }) => desired),
      ),
      busy: 'wait',
      generation: 'amended',
    };
  };
  try {
    const result = await runCommand(prepare, context);
    if (result.kind !== 'Result' || result.changes.length === 0) return;
    remember(context, at, trigger, result);
    await auditOwn(trigger, result, context);
  } catch (error) {
    if (!(error instanceof MusterError)) throw error;
    for (const name of names) tried.delete(name);
    fault(`${names.join(', ')}: ${error.message}`, context);
  }
}

const trigger = 'watch';

function fault(message: string, context: EngineContext, name?: string): void {
  context.ports.log.warn({ ...(name === undefined ? {} : { module: name }), reason: message }, 'changed code was not loaded');
  context.events.emit({ type: 'watch', ...(name === undefined ? {} : { name }), message });
}
