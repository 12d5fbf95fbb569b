import type { CommandSpec, Spec } from '../../model/fields/table.ts';
import type { ProgramProblem } from '../../model/program.ts';
import { canReceive, noReceiver } from './notify/helper.ts';

/** What a command asks for and this machine cannot do, to be known before anything is stopped for it; null: it can. */
export function unable(spec: Spec): ProgramProblem | null {
  const { ready, health } = spec as Partial<CommandSpec>;
  const isTold = (ready !== undefined && 'notify' in ready && ready.notify === true) || health?.watchdog !== undefined;
  return isTold && !canReceive() ? noReceiver : null;
}
