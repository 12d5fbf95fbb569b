import { createHash } from 'node:crypto';
import { chownSync } from 'node:fs';
import { join } from 'node:path';
import { MusterError } from '../../../model/error.ts';
import type { Clock, Log } from '../../../model/ports.ts';
import { removeFolder, socketFolder } from './folder.ts';
import { type Helper, noReceiver, startHelper } from './helper.ts';
import { type Notice, parseNotice } from './message.ts';

/** Where one module says by sd_notify(3) how it is. */
export interface NoticeSocket {
  /** NOTIFY_SOCKET of the module. */
  readonly path: string;
  close(): void;
}

/** Receives what modules say by sd_notify(3); one program does so for all modules of a daemon, from the first one on. */
export interface NoticeReceiver {
  /**
   * A socket for one start of the module. `uid`: as whom it runs; null: as the daemon. `onNotice` gets the pid of the sender, 0
   * where it cannot be told. Rejects with ENOSYS where no program is there that could receive.
   */
  open(name: string, uid: number | null, onNotice: (notice: Notice, pid: number) => void): Promise<NoticeSocket>;
  dispose(): Promise<void>;
}

interface Open {
  readonly path: string;
  readonly uid: number | null;
  readonly onNotice: (notice: Notice, pid: number) => void;
  readonly opened: (error: Error | null) => void;
}

/** A helper that was lost is replaced after this long. */
const againMs = 500;

/** `owner` tells this daemon from others; the paths of its sockets are the same when it starts again. */
export function createNoticeReceiver({ owner, clock, log }: { owner: string; clock: Clock; log: Log }): NoticeReceiver {
  const sockets = new Map<string, Open>();
  let folder: string | null = null;
  let helper: Helper | null = null;
  let disposed = false;

  return {
    async open(name, uid, onNotice) {
      helper ??= start();
      if (helper === null) throw noHelper();
      folder ??= socketFolder(owner);
      const id = freeId(name);
      const path = join(folder, id);
      await new Promise<void>((resolve, reject) => {
        sockets.set(id, { path, uid, onNotice, opened: (error) => (error === null ? resolve() : reject(error)) });
        helper?.write(`open ${id} ${path}`);
      });
      return {
        path,
        close() {
          if (sockets.delete(id)) helper?.write(`close ${id}`);
        },
      };
    },
    async dispose() {
      disposed = true;
      await helper?.end();
      if (folder !== null) removeFolder(folder);
    },
  };

  /** By the name of the module, so that a program that outlives its daemon finds the next one; with overlap there are two. */
  function freeId(name: string): string {
    const id = createHash('sha256').update(name).digest('hex').slice(0, 12);
    for (let nth = 1; ; nth++) {
      const free = nth === 1 ? id : `${id}-${nth}`;
      if (!sockets.has(free)) return free;
    }
  }

  function start(): Helper | null {
    return startHelper({ line: onLine, lost: onLost });
  }

  function onLine([word, id = '', ...rest]: readonly string[]): void {
    const open = sockets.get(id);
    if (open === undefined) return;
    if (word === 'opened') {
      restrict(open);
      open.opened(null);
    } else if (word === 'failed') {
      sockets.delete(id);
      open.opened(new MusterError('EIO', `no socket for sd_notify at ${open.path}: ${rest.join(' ')}`));
    } else if (word === 'got') {
      open.onNotice(parseNotice(Buffer.from(rest[1] ?? '', 'hex').toString()), Number(rest[0]));
    }
  }

  /** Where it cannot be told who sends, only the user of the module can. */
  function restrict({ path, uid }: Open): void {
    if (helper?.tellsSender !== false || uid === null) return;
    try {
      chownSync(path, uid, -1);
    } catch (error) {
      log.warn({ path, uid, err: error }, 'a socket for sd_notify cannot be given to its user');
    }
  }

  function onLost(why: string): void {
    helper = null;
    if (disposed) return;
    log.warn({ why }, 'what receives sd_notify was lost and is started again');
    clock.after(againMs, () => {
      if (disposed || helper !== null) return;
      helper = start();
      for (const [id, { path }] of sockets) helper?.write(`open ${id} ${path}`);
    });
  }
}

function noHelper(): MusterError {
  const { code, message, hint } = noReceiver;
  return new MusterError(code, message, { hint });
}
