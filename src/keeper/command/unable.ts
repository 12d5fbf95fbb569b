import type { CommandSpec, Spec } from '../../model/fields/table.ts';
import type { Identity } from '../../model/keeper.ts';
import type { ProgramProblem } from '../../model/program.ts';
import { missingTool } from '../launcher.ts';
import { findTool } from '../tools.ts';
import { canReceive, noReceiver } from './notify/helper.ts';

/** What a module asks for and this machine cannot do, to be known before anything is stopped for it; null: it can. */
export function unable(spec: Spec, identity: Identity | null): ProgramProblem | null {
  const { ready, health, arg0, env } = spec as Partial<CommandSpec>;
  const isTold = (ready !== undefined && 'notify' in ready && ready.notify === true) || health?.watchdog !== undefined;
  if (isTold && !canReceive()) return noReceiver;
  return identity === null ? null : missingTool({ identity, arg0, env: set(env) }, findTool);
}

/** Without those that are unset. */
function set(env: CommandSpec['env'] = {}): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(env).filter(([, value]) => value !== null));
}
