import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { MusterError, messageOf } from '../../model/error.ts';
import type { Held } from '../../model/keeper.ts';
import type { Clock } from '../../model/ports.ts';
import { createHeartbeat, type Heartbeat } from '../heartbeat.ts';
import { createPeer, type Peer } from '../peer.ts';
import { leaseVariable } from '../proc.ts';
import { type FromKeeper, keeperVersion, parseFromKeeper, type Report, type ToKeeper } from '../protocol.ts';

export interface LinkOptions {
  readonly stateDir: string;
  /** The built program. */
  readonly keeperFile: string;
  /** To the socket of the keeper, however long the path of the state dir is. */
  readonly dial: () => Promise<Socket>;
  /** Of what the keeper itself starts, and how it is known. */
  readonly path: string | undefined;
  /** What the ids of all leases of this state dir begin with. */
  readonly owner: string;
  readonly clock: Clock;
}

export type Hello = Extract<FromKeeper, { type: 'hello' }>;

/** A keeper that has said hello. */
export interface Link {
  readonly hello: Hello;
  send(message: ToKeeper): void;
  /** Sends what waits, then goes; `lost` follows. */
  close(): void;
  /** Goes at once; `lost` follows. */
  destroy(): void;
  /** Resolves with its next answer. */
  answers(): Promise<void>;
}

export interface LinkEvents {
  receive(message: Report): void;
  /** It is gone, or cannot be understood. Never called before `hello`. */
  lost(error: unknown): void;
  /** It is there and has not answered for some seconds; false: it does again. */
  silent(isSilent: boolean): void;
  /** It has not answered for so long that it is of no use. */
  hung(): void;
}

/** A keeper that has just been started, or one whose daemon died a moment ago, needs a little; one that hangs is of no use. */
const helloMs = 20_000;
const youngMb = 1;
const oldMb = 64;

/** Connects to the keeper that is there. Rejects where there is none, or none that answers as it should. */
export async function linkTo({ dial, clock }: LinkOptions, adopt: readonly Held[], events: LinkEvents): Promise<Link> {
  const socket = await dial();
  return new Promise((resolve, reject) => {
    let hello: Hello | null = null;
    let heart: Heartbeat | null = null;
    const late = clock.after(helloMs, () => peer.destroy());
    const peer: Peer<ToKeeper> = createPeer<FromKeeper, ToKeeper>(socket, {
      parse: parseFromKeeper,
      receive(message) {
        if (message.type !== 'hello') {
          if (message.type === 'pong') heart?.answered();
          else if (hello !== null) events.receive(message);
          return;
        }
        late.cancel();
        if (message.version === keeperVersion) {
          hello = message;
          heart = createHeartbeat({ clock, ask: () => peer.send({ type: 'ping' }), silent: events.silent, hung: events.hung });
          const { answers } = heart;
          resolve({ hello, send: peer.send, close: peer.end, destroy: peer.destroy, answers });
        } else peer.destroy();
      },
      lost(error) {
        late.cancel();
        heart?.stop();
        if (hello !== null) events.lost(error);
        else reject(new MusterError('EHOSTUNREACH', `the keeper does not answer${error === null ? '' : `: ${messageOf(error)}`}`));
      },
    });
    peer.send({ type: 'hello', version: keeperVersion, adopt });
  });
}

/** Starts a keeper, in a session of its own. Resolves when it listens. */
export async function startKeeper({ stateDir, keeperFile, path, owner }: LinkOptions, lease: string): Promise<ChildProcess> {
  const errors = openSync(join(stateDir, 'keeper.log'), 'w', 0o600);
  const argv = [`--max-semi-space-size=${youngMb}`, `--max-old-space-size=${oldMb}`, keeperFile, stateDir, owner];
  try {
    const child = spawn(process.execPath, argv, {
      cwd: stateDir,
      env: { ...(path === undefined ? {} : { PATH: path }), [leaseVariable]: lease },
      detached: true,
      stdio: ['ignore', 'pipe', errors],
    });
    await new Promise<void>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code, signal) => reject(new Error(`it ended at once (${signal ?? code}); see ${join(stateDir, 'keeper.log')}`)));
      child.stdout?.once('data', () => resolve());
    });
    child.removeAllListeners('exit');
    child.stdout?.destroy();
    return child;
  } catch (error) {
    throw new MusterError('EFAILED', `the keeper of commands cannot be started: ${messageOf(error)}`, { cause: error });
  } finally {
    closeSync(errors);
  }
}
