import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { fifoFolder, keeperSocket } from '../../../src/keeper/places.ts';
import { createRemoteKeeper, type RemoteKeeper } from '../../../src/keeper/remote.ts';
import type { Lease } from '../../../src/model/keeper.ts';
import type { Clock } from '../../../src/model/ports.ts';
import { dial } from '../../../src/socket/client.ts';
import { cli } from '../../support/place.ts';
import { silent, clock as system, tempDir } from './keeper.ts';

export interface RemoteSetting {
  readonly keeper: RemoteKeeper;
  readonly stateDir: string;
  /** What a daemon that died now would find in its journal. */
  readonly open: Map<string, Lease>;
  /** Of the keeper process that runs. */
  pid(): number;
}

let count = 0;

/** A daemon's side of a keeper process, in a state dir of its own or in that of `before`; all of it is ended when the test is over. */
export async function remoteKeeper(within = '', before?: RemoteSetting, clock: Clock = system): Promise<RemoteSetting> {
  const stateDir = before?.stateDir ?? join(await tempDir(), within);
  await mkdir(stateDir, { recursive: true });
  const open = new Map<string, Lease>(before?.open);
  count += 1;
  const owner = `remote-${process.pid}-${count}/`;
  let ids = 0;
  const keeper = createRemoteKeeper({
    stateDir,
    keeperFile: join(dirname(cli), 'keeper.cjs'),
    fifoDir: join(stateDir, fifoFolder),
    dial: () => dial(join(stateDir, keeperSocket)),
    path: process.env.PATH,
    owner,
    newId: () => `${owner}keeper-${++ids}`,
    clock,
    log: silent,
    leases: {
      begin: async (lease) => void open.set(lease.id, lease),
      started: (lease) => void open.set(lease.id, lease),
      ended: (id) => void open.delete(id),
    },
  });
  onTestFinished(async () => {
    await keeper.dispose();
    if (existsSync(join(stateDir, keeperSocket))) throw new Error('a keeper has left its socket');
  });
  return { keeper, stateDir, open, pid: () => [...open.values()].find(({ name }) => name === 'keeper:commands')?.pid ?? 0 };
}
