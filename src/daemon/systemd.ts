import { spawn } from 'node:child_process';
import type { Log } from '../model/ports.ts';

/** Tells the service manager what state the daemon is in (sd_notify(3)); does nothing where nobody listens. */
export interface ServiceManager {
  ready(status: string): Promise<void>;
  /** This process is the main one from now on. Resolves when that was taken note of: the one before may end then. */
  taken(): Promise<void>;
  reloading(): Promise<void>;
  stopping(): Promise<void>;
}

/**
 * Node has no unix datagrams, so this goes through the program systemd-notify; it warns once where that is missing.
 * The messages are sent one after another: READY after RELOADING ends the reload.
 */
export function createServiceManager(env: Readonly<Record<string, string | undefined>>, log: Log): ServiceManager {
  if (!env.NOTIFY_SOCKET) return { ready: nothing, taken: nothing, reloading: nothing, stopping: nothing };
  let last = Promise.resolve();
  let warned = false;
  const send = (...assignments: string[]): Promise<void> => {
    last = last
      .then(() => notify(assignments, env))
      .catch((error: unknown) => {
        if (!warned) log.warn({ err: error }, 'systemd-notify cannot be run; the service manager is not told');
        warned = true;
      });
    return last;
  };
  return {
    ready: (status) => send('READY=1', `STATUS=${status}`),
    taken: async () => void (await run([`MAINPID=${process.pid}`], env).catch(() => null)),
    reloading: () => send('RELOADING=1', `MONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`),
    stopping: () => send('STOPPING=1'),
  };
}

async function nothing(): Promise<void> {}

/** Without waiting for the receiver to have read it, which not every one confirms; old versions never wait and know no such option. */
async function notify(assignments: readonly string[], env: Readonly<Record<string, string | undefined>>): Promise<void> {
  const code = await run(['--no-block', ...assignments], env);
  if (code !== 0 && (await run(assignments, env)) !== 0) throw new Error(`systemd-notify exited with code ${code}`);
}

function run(args: readonly string[], env: Readonly<Record<string, string | undefined>>): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const child = spawn('systemd-notify', args, { env: { PATH: env.PATH, NOTIFY_SOCKET: env.NOTIFY_SOCKET }, stdio: 'ignore' });
    child.once('error', reject);
    child.once('exit', resolve);
  });
}
