import type { Socket } from 'node:net';
import type { FifoPool } from '../fifo-pool.ts';
import { fifoNames } from '../fifo-stdio.ts';
import { createPeer, type Peer } from '../peer.ts';
import { type FromKeeper, handoverMs, keeperVersion, parseToKeeper, type ToKeeper } from '../protocol.ts';
import type { Sentinel } from './sentinel.ts';
import type { Wards } from './wards.ts';

export interface DaemonsOptions {
  readonly wards: Wards;
  readonly pool: FifoPool;
  readonly sentinel: Pick<Sentinel, 'attended' | 'deserted'>;
  /** Of the keeper itself. */
  readonly lease: string;
  /** Resolves when who executes programs for it answers. */
  answers(): Promise<void>;
  /** Nothing is left to do. */
  leave(): void;
}

/** Whoever started the keeper comes soon, or never. */
const firstMs = 30_000;

/** The daemon that the keeper works for; after its death the next one. The lock of the state dir sees to it that there is only one. */
export function serveDaemons({ wards, pool, sentinel, lease, answers, leave }: DaemonsOptions) {
  let current: Peer<FromKeeper> | null = null;
  let cleared = false;
  let leaving = false;
  let handingOver = false;
  /** What is left of the last daemon; the next one waits for its end. */
  let aftermath: Promise<void> = Promise.resolve();
  let lonely: NodeJS.Timeout | null = setTimeout(close, firstMs);

  return { tell, connected, close };

  function tell(message: FromKeeper): void {
    current?.send(message);
  }

  function connected(socket: Socket): void {
    let isLost = false;
    const peer: Peer<FromKeeper> = createPeer<ToKeeper, FromKeeper>(socket, {
      parse: parseToKeeper,
      receive: (message) => {
        if (message.type === 'hello') void greet(peer, message, () => isLost);
        else if (peer === current) obey(message);
      },
      lost() {
        isLost = true;
        if (peer === current) forsaken();
      },
    });
    if (leaving) peer.destroy();
  }

  async function greet(peer: Peer<FromKeeper>, { adopt }: Extract<ToKeeper, { type: 'hello' }>, isLost: () => boolean): Promise<void> {
    // The old one is gone if a new one has the lock; word of its death may still be on its way.
    while (current !== null) await new Promise((resolve) => setTimeout(resolve, 5));
    await aftermath;
    if (leaving) peer.destroy();
    // It may have died while it waited: whoever comes next must not wait for its end.
    if (leaving || isLost()) return;
    if (lonely !== null) clearTimeout(lonely);
    lonely = null;
    current = peer;
    await wards.attended();
    if (current !== peer) return;
    if (!cleared) pool.clear(new Set(adopt.flatMap(({ fifos }) => fifoNames(fifos))));
    cleared = true;
    const pulses = await sentinel.attended();
    if (current !== peer) return;
    for (const held of adopt) wards.adopt(held);
    peer.send({
      type: 'hello',
      version: keeperVersion,
      pid: process.pid,
      lease,
      found: wards.found(),
      ...pulses,
    });
  }

  function obey(message: Exclude<ToKeeper, { type: 'hello' }>): void {
    switch (message.type) {
      case 'spawn':
        wards.spawn(message.order);
        break;
      case 'signal':
        wards.signal(message.id, message.signal);
        break;
      case 'killTree':
        wards.killTree(message.id);
        break;
      case 'stop':
        wards.stop(message.id);
        break;
      case 'limit':
        wards.limit(message.id, message.call, message.cgroup);
        break;
      case 'keep':
        wards.keep(message.id, message.as);
        break;
      case 'release':
        wards.release(message.id, message.clean);
        break;
      case 'handOver':
        handingOver = true;
        break;
      case 'settled':
        handingOver = false;
        break;
      case 'ping':
        void answers().then(() => tell({ type: 'pong' }));
        break;
      case 'dispose':
        wards.dispose().then(close);
        break;
      default:
        message satisfies never;
    }
  }

  function forsaken(): void {
    current = null;
    sentinel.deserted();
    if (leaving) return;
    if (handingOver) lonely = setTimeout(abandon, handoverMs);
    else abandon();
  }

  function abandon(): void {
    handingOver = false;
    aftermath = wards.orphaned();
  }

  function close(): void {
    if (leaving) return;
    leaving = true;
    current?.end();
    leave();
  }
}
