import { type EventPacket, type Packet, payloadLimit, waitingLimit } from '../model/bus.ts';
import { messageOf, type WireError } from '../model/error.ts';
import { sizeOf } from './inside/bus/size.ts';
import { onceATurn } from './turn.ts';

/** What both directions carry beside what is their own. */
export type Carried =
  | { readonly type: 'packets'; readonly packets: readonly Packet[] }
  | { readonly type: 'events'; readonly events: readonly EventPacket[] };

/** One direction between daemon and runner. What is said in one turn crosses as one; what it carries for others is bounded. */
export interface Channel<T extends { readonly type: string }> {
  post(message: T | Carried): void;
}

export interface ChannelOptions<T> {
  /** False: the other side reads too slowly. `sent` is called once it has left this process. Throws where something cannot be cloned. */
  send(messages: readonly (T | Carried)[], sent: () => void): boolean;
  /** What cannot cross goes back to who asked. */
  back(failure: Packet): void;
  /** An event that does not cross. */
  dropped(event: EventPacket): void;
}

/** Packets and events that are not on the other side yet; of the latter half as many, so that they leave room for requests. */
export const carriedLimit = waitingLimit;
/** Bytes, about, of what they hold. */
export const carriedBytes = 8 * payloadLimit;

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

  /** One of them holds what this channel cannot clone, though the port it came over could. */
  function giveAlone(message: Message): void {
    try {
      give([message], { count: 0, bytes: 0 });
    } catch (error) {
      const wire = { code: 'EINVAL', message: `it cannot be passed on to another process: ${messageOf(error)}` };
      if (isPackets(message)) for (const packet of message.packets) fail(packet, wire);
      else if (isEvents(message)) message.events.forEach(dropped);
      else throw error;
    }
  }

  function fail(packet: Packet, error: WireError): void {
    const [kind, to, from, id] = packet;
    if (kind === 'request') back(['failure', from, to, id, error]);
    else if (kind === 'answer' || kind === 'part' || kind === 'moved') carry([['failure', to, from, id, error]]);
  }

  function hasRoom(share: number): boolean {
    return queued.count + underway.count < carriedLimit * share && queued.bytes + underway.bytes < carriedBytes * share;
  }

  /** Answers are bounded by the requests that they answer; they are always taken. */
  function carry(packets: readonly Packet[]): void {
    const refused: Packet[] = [];
    const taken = packets.filter((packet) => {
      const fits = packet[0] !== 'request' || hasRoom(1);
      if (fits) count(payloadOf(packet));
      else refused.push(packet);
      return fits;
    });
    if (taken.length > 0) add({ type: 'packets', packets: taken });
    for (const packet of refused) fail(packet, busy(packet));
  }

  function carryEvents(events: readonly EventPacket[]): void {
    const taken = events.filter((event) => {
      const fits = hasRoom(0.5);
      if (fits) count(event[2]);
      else dropped(event);
      return fits;
    });
    if (taken.length > 0) add({ type: 'events', events: taken });
  }

  function count(payload: unknown): void {
    queued.count += 1;
    queued.bytes += sizeOf(payload);
  }

  function add(message: Message): void {
    queue.push(message);
    flushSoon();
  }

  return {
    post(message) {
      if (isPackets(message)) carry(message.packets);
      else if (isEvents(message)) carryEvents(message.events);
      else add(message);
    },
  };
}

function payloadOf(packet: Packet): unknown {
  switch (packet[0]) {
    case 'request':
      return packet[6];
    case 'moved':
      return packet[5];
    case 'answer':
    case 'part':
      return packet[4];
    default:
      return undefined;
  }
}

function isPackets(message: { readonly type: string }): message is Extract<Carried, { type: 'packets' }> {
  return message.type === 'packets';
}

function isEvents(message: { readonly type: string }): message is Extract<Carried, { type: 'events' }> {
  return message.type === 'events';
}

/** Taken apart as far as one part can fail without the others. */
function singly<T extends { readonly type: string }>(message: T | Carried): (T | Carried)[] {
  if (isPackets(message)) return message.packets.map((packet) => ({ type: 'packets', packets: [packet] }));
  if (isEvents(message)) return message.events.map((event) => ({ type: 'events', events: [event] }));
  return [message];
}

function busy(packet: Packet): WireError {
  const topic = packet[0] === 'request' ? packet[5] : '';
  return { code: 'EBUSY', message: `${topic}: too much is on its way between two processes already` };
}
