import { recordOf } from '../apply/persist.ts';
import type { Diagnostic } from '../model/diagnostic.ts';
import type { MusterError } from '../model/error.ts';
import type { Plan } from '../model/plan.ts';
import type { EngineContext } from './context.ts';
import { roomForRun } from './generation-run.ts';
import type { Wanted } from './ports.ts';
import { beginningOf } from './serial.ts';
import type { Transaction } from './transact.ts';

/** What stands around the records of modules in a generation, and beside that of a module in the journal, at most. */
const around = 1024;

/** Before anything is touched: a disk that takes no more refuses the change whole. */
export async function makeRoom(transaction: Transaction, planned: Plan, context: EngineContext): Promise<void> {
  const { generation, recorded, wanted } = transaction;
  const { ports } = context;
  const { store } = ports;
  try {
    if (generation !== null) await store.takeRoom(roomFor(wanted, planned, store.state.generation));
    await store.append(...beginningOf(transaction, planned, context));
  } catch (error) {
    if (recorded !== true) throw error;
    ports.log.warn({ err: error }, 'what is recorded already is brought back, though nothing more can be recorded');
  }
}

/** A generation with its plan, and in the journal what is changed, with the lease that it gets. */
function roomFor({ desired }: Wanted, planned: Plan, generation: number): number {
  const changed = new Set(planned.changes.map(({ name }) => name));
  let bytes = roomForRun(planned) + around * (1 + changed.size);
  for (const module of desired.values()) {
    const record = recordOf({ ...module, origin: 'config', generation });
    bytes += Buffer.byteLength(JSON.stringify(record)) * (changed.has(module.name) ? 3 : 1) + 1;
  }
  return bytes;
}

/** What a run says that could do its changes but not write them down. */
export function unrecorded({ code, message }: MusterError): Diagnostic {
  const place = { file: '', line: 0, column: 0, endLine: 0, endColumn: 0 };
  const hint = 'the next run records it, if it can';
  return { ...place, severity: 'error', code, message: `the changes are made, but not recorded: ${message}`, hint };
}
