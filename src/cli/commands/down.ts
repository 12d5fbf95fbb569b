import { readFile } from 'node:fs/promises';
import type { DownDoc } from '../../model/documents.ts';
import { MusterError } from '../../model/error.ts';
import type { Params, Responses } from '../../model/methods.ts';
import type { Call, Definition } from '../command.ts';
import { reason } from '../options.ts';
import { print, printJson } from '../output.ts';
import { reach } from '../remote.ts';
import { whoAsks } from '../who.ts';

export const down: Definition<{ keep?: boolean; reason?: string }> = {
  name: 'down',
  summary: 'stop the daemon and everything it runs',
  details:
    'Stops in reverse order of `requires`, returns when all of it is gone, and says what it stopped. Exits 0 also when no daemon runs.\n' +
    'With --keep commands run on, whatever their `onDaemonDeath` says: the next `up` goes on with them. One that is not ready yet is stopped.',
  options: [{ flags: '--keep', doc: 'leave commands that run to the next daemon' }, reason],
  examples: ['muster down', 'muster down --keep'],
  async run(call) {
    const client = await reach(call).catch((error: { code?: unknown }) => {
      if (error.code === 'ECONNREFUSED') return null;
      throw error;
    });
    if (client === null) {
      if (call.globals.json === true) printJson(call, { stopped: [], killed: [], left: [] } satisfies DownDoc);
      else call.io.err('no daemon runs\n');
      return 0;
    }
    const { pid } = (await client.request('muster.ping', {})) as Responses['ping'];
    const document = (await client.request('muster.down', paramsOf(call))) as DownDoc;
    client.close();
    await gone(pid);
    if (call.globals.json === true) printJson(call, document);
    else print(call, downText(document));
    return 0;
  },
};

function paramsOf({ options: { keep, reason: why }, io }: Call<{ keep?: boolean; reason?: string }>): Params<'down'> {
  return { by: whoAsks(io), ...(keep === true ? { keep } : {}), ...(why === undefined ? {} : { reason: why }) };
}

function downText({ stopped, killed, left }: DownDoc): string {
  const remaining = left.length === 0 ? '' : `; left to the next daemon: ${left.join(', ')}`;
  if (stopped.length === 0) return `stopped the daemon${left.length === 0 ? '; it ran nothing' : remaining}`;
  const forced = killed.length === 0 ? '' : ` (${killed.join(', ')} by force)`;
  return `stopped ${stopped.join(', ')}${forced} and the daemon${remaining}`;
}

const patienceMs = 10_000; // it has answered that all is stopped; what is left is to leave

/** The daemon answers before it leaves; its lock is free once its process is gone. */
async function gone(pid: number): Promise<void> {
  const deadline = Date.now() + patienceMs;
  while (await isAlive(pid)) {
    if (Date.now() >= deadline) {
      const hint = `kill -9 ${pid}; the next daemon tidies up after it`;
      throw new MusterError('ETIMEDOUT', `the daemon has stopped everything, but its process ${pid} does not end`, { hint });
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** One that has ended and waits to be reaped, which in a container can take its time, is gone. */
async function isAlive(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ESRCH') return false;
  }
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return !/^\d+ \(.*\) Z /s.test(stat);
}
