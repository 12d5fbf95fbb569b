import type { Diagnostic } from '../model/diagnostic.ts';
import type { MusterError } from '../model/error.ts';
import type { EngineContext } from './context.ts';
import type { Wanted } from './ports.ts';
import type { Transaction } from './transact.ts';

/** What stands around the spec in a record of a module, at most. */
const aroundSpec = 1024;

/** Before anything is touched: a disk that takes no more refuses the change whole. */
export async function makeRoom({ generation, recorded, wanted }: Transaction, { ports }: EngineContext): Promise<void> {
  const { store } = ports;
  try {
    if (generation !== null) await store.takeRoom(roomFor(wanted));
    await store.append({ type: 'serial', serial: store.state.serial });
  } catch (error) {
    if (recorded !== true) throw error;
    ports.log.warn({ err: error }, 'what is recorded already is brought back, though nothing more can be recorded');
  }
}

/** A generation and as much of the journal, each record with what is around the spec. */
function roomFor({ desired }: Wanted): number {
  const specs = [...desired.values()].reduce((sum, { name, spec }) => sum + name.length + JSON.stringify(spec).length + aroundSpec, 0);
  return 2 * specs + aroundSpec;
}

/** What a run says that could do its changes but not write them down. */
export function unrecorded({ code, message }: MusterError): Diagnostic {
  const place = { file: '', line: 0, column: 0, endLine: 0, endColumn: 0 };
  const hint = 'the next run records it, if it can';
  return { ...place, severity: 'error', code, message: `the changes are made, but not recorded: ${message}`, hint };
}
