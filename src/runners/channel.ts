import { type EventPacket, type Packet, payloadLimit, type RequestPacket, waitingLimit } from '../model/bus.ts';
import type { Sealed } from '../model/sealed.ts';
import { sizeOf } from './inside/bus/size.ts';
import { open, seal } from './inside/seal.ts';
import { onceATurn } from './turn.ts';

/** What both directions carry beside what is their own. */
export type Carried = Sealed | { readonly type: 'events'; readonly events: readonly EventPacket[] };

/** One direction between daemon and runner. What is said in one turn crosses as one; what it carries for others is bounded. */
export interface Channel<T extends { readonly type: string }> {
  post(message: T | Carried): void;
  /** Whether all that was said has left this process. */
  isEmpty(): boolean;
}

export interface ChannelOptions<T> {
  /** False: the other side reads too slowly. `sent` is called once it has left this process. Throws where something cannot be cloned. */
  send(messages: readonly (T | Carried)[], sent: () => void): boolean;
  /** What cannot cross goes back to who asked. */
  back(failure: Packet): void;
  /** An event that does not cross. */
  dropped(event: EventPacket): void;
}

/** Requests and events that are not on the other side yet; of the latter half as many, so that they leave room for requests. */
export const carriedLimit = waitingLimit;
/** Bytes, about, of what they hold. */
export const carriedBytes = 8 * payloadLimit;
/** So many go before the end of their turn: the other side begins with them while this one goes on. */
const mostQueued = 64;

/** What is carried, and how much that is. */
interface Load {
  count: number;
  bytes: number;
}

export function createChannel<T extends { readonly type: string }>({ send, back, dropped }: ChannelOptions<T>): Channel<T> {
  type Message = T | Carried;
  let queue: Message[] = [];
  let queued: Load = { count: 0, bytes: 0 };
  const underway: Load = { count: 0, bytes: 0 };
  let batches = 0;
  let slow = false;
  const flushSoon = onceATurn(flush);

  function flush(): void {
    if (queue.length === 0 || (slow && batches > 0)) return;
    const [messages, load] = [queue, queued];
    queue = [];
    queued = { count: 0, bytes: 0 };
    try {
      give(messages, load);
    } catch {
      for (const one of messages.flatMap(singly)) giveAlone(one);
    }
  }

  function give(messages: readonly Message[], { count, bytes }: Load): void {
    const quick = send(messages, () => {
      batches -= 1;
      underway.count -= count;
      underway.bytes -= bytes;
      if (!slow || batches > 0) return;
      slow = false;
      flush();
    });
    batches += 1;
    underway.count += count;
    underway.bytes += bytes;
    if (!quick) slow = true;
  }

  /** One of them holds what cannot be cloned. */
  function giveAlone(message: Message): void {
    try {
      give([message], { count: 0, bytes: 0 });
    } catch (error) {
      if (isEvents(message)) message.events.forEach(dropped);
      else throw error;
    }
  }

  function hasRoom(share: number): boolean {
    return queued.count + underway.count < carriedLimit * share && queued.bytes + underway.bytes < carriedBytes * share;
  }

  /** Answers are bounded by the requests that they answer; they are always taken. */
  function carry(sealed: Sealed): void {
    if (sealed.requests === 0 || hasRoom(1)) {
      count(sealed.requests, sealed.content.length);
      add(sealed);
      return;
    }
    const packets = open(sealed);
    for (const packet of packets) if (packet[0] === 'request') back(busy(packet));
    const others = packets.filter(([kind]) => kind !== 'request');
    for (const rest of seal(others, back)) carry(rest);
  }

  function carryEvents(events: readonly EventPacket[]): void {
    const taken = events.filter((event) => {
      const fits = hasRoom(0.5);
      if (fits) count(1, sizeOf(event[2]));
      else dropped(event);
      return fits;
    });
    if (taken.length > 0) add({ type: 'events', events: taken });
  }

  function count(messages: number, bytes: number): void {
    queued.count += messages;
    queued.bytes += bytes;
  }

  function add(message: Message): void {
    queue.push(message);
    if (queued.count >= mostQueued) flush();
    else flushSoon();
  }

  return {
    post(message) {
      if (isSealed(message)) carry(message);
      else if (isEvents(message)) carryEvents(message.events);
      else add(message);
    },
    isEmpty: () => queue.length === 0 && batches === 0,
  };
}

function isSealed(message: { readonly type: string }): message is Sealed {
  return message.type === 'sealed';
}

function isEvents(message: { readonly type: string }): message is Extract<Carried, { type: 'events' }> {
  return message.type === 'events';
}

/** Taken apart as far as one part can fail without the others. */
function singly<T extends { readonly type: string }>(message: T | Carried): (T | Carried)[] {
  if (isEvents(message)) return message.events.map((event) => ({ type: 'events', events: [event] }));
  return [message];
}

function busy([, to, from, id, , topic]: RequestPacket): Packet {
  // Nobody has looked into it yet.
  const what = typeof topic === 'string' ? topic : 'a request';
  const message = `${what}: too much is on its way between two processes already`;
  return ['failure', from, to, id, { code: 'EBUSY', message }];
}
