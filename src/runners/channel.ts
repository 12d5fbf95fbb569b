import { type EventPacket, type Packet, waitingLimit } from '../model/bus.ts';
import { messageOf, type WireError } from '../model/error.ts';
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

/** Of packets and events that are not on the other side yet; of the latter half as many, so that they leave room for requests. */
export const carriedLimit = waitingLimit;

export function createChannel<T extends { readonly type: string }>({ send, back, dropped }: ChannelOptions<T>): Channel<T> {
  let queue: (T | Carried)[] = [];
  let waiting = 0;
  let underway = 0;
  let slow = false;
  const flushSoon = onceATurn(flush);

  function flush(): void {
    if (queue.length === 0 || (slow && underway > 0)) return;
    const [messages, count] = [queue, waiting];
    queue = [];
    waiting = 0;
    try {
      give(messages, count);
    } catch {
      for (const one of messages.flatMap(singly)) giveAlone(one);
    }
  }

  function give(messages: readonly (T | Carried)[], count: number): void {
    const quick = send(messages, () => {
      underway -= count + 1;
      if (!slow || underway > 0) return;
      slow = false;
      flush();
    });
    underway += count + 1; // one for the message itself, so that also one that carries nothing is waited for
    if (!quick) slow = true;
  }

  /** One of them holds what this channel cannot clone, though the port it came over could. */
  function giveAlone(message: T | Carried): void {
    try {
      give([message], 1);
    } catch (error) {
      const wire = { code: 'EINVAL', message: `what was sent cannot be passed on to another process: ${messageOf(error)}` };
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

  function carry(packets: readonly Packet[]): void {
    let room = carriedLimit - waiting - underway;
    const refused: Packet[] = [];
    const taken = packets.filter((packet) => {
      room -= 1;
      if (room >= 0 || packet[0] !== 'request') return true;
      refused.push(packet);
      return false;
    });
    if (taken.length > 0) add({ type: 'packets', packets: taken }, taken.length);
    for (const packet of refused) fail(packet, busy(packet));
  }

  function carryEvents(events: readonly EventPacket[]): void {
    const room = Math.max(0, carriedLimit / 2 - waiting - underway);
    const taken = events.slice(0, room);
    if (taken.length > 0) add({ type: 'events', events: taken }, taken.length);
    events.slice(room).forEach(dropped);
  }

  function add(message: T | Carried, count: number): void {
    queue.push(message);
    waiting += count;
    flushSoon();
  }

  return {
    post(message) {
      if (isPackets(message)) carry(message.packets);
      else if (isEvents(message)) carryEvents(message.events);
      else add(message, 0);
    },
  };
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
