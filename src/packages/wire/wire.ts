import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import { nestingLimit } from '../../model/bus.ts';
import { MusterError, messageOf } from '../../model/error.ts';
import type { Clock, Log } from '../../model/ports.ts';
import type { PackageException, PackageWire, TriggerOptions } from '../../model/wire.ts';
import { createCalls } from './calls.ts';
import { type Channel, openChannel } from './channel.ts';
import { createHeard, mostExceptions } from './heard.ts';
import { readMessage } from './messages.ts';

/** What happened in a package, as it says. */
export interface Said {
  readonly type: 'exception' | 'event';
  readonly name: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface WirePorts {
  readonly clock: Clock;
  readonly log: Log;
  dial(path: string): Promise<Socket>;
  /** Takes secrets out of what is kept. */
  mask(text: string): string;
  said(event: Said): void;
  /** Of every message, both ways. */
  traced(name: string, direction: 'from' | 'to', message: unknown): void;
}

export interface WireOptions {
  /** As it is called now. */
  name(): string;
  readonly path: string;
  /** Every message goes into the log of the daemon. */
  readonly debug: boolean;
  /** Of all starts of this module; the wire adds to them. */
  readonly exceptions: PackageException[];
  readonly before?: PackageWire | undefined;
}

/** What is said between muster and one package that runs. */
export interface Wire {
  /** It was launched: it can be reached. */
  connect(): void;
  view(): PackageWire;
  trigger(action: string, param: unknown, options: TriggerOptions): Promise<unknown>;
  send(message: unknown): boolean;
  /** It has ended: resolves when all that it said has been heard. */
  ended(): Promise<void>;
  /** Another daemon goes on with it. */
  leave(): void;
}

/** Events of one package within a second, and as many exceptions; a flood would leave no room for those of others. */
const mostEvents = 10;
const eventWindowMs = 1000;
/** What was said last lies in a pipe. */
const lastWordsMs = 1000;

function isDeeper(value: unknown, most: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return most === 0 || Object.values(value).some((item) => isDeeper(item, most - 1));
}

export function createWire({ name, path, debug, exceptions, before }: WireOptions, ports: WirePorts): Wire {
  const { clock, log } = ports;
  const heard = createHeard(before);
  const calls = createCalls(name(), clock);
  let channel: Channel | null = null;
  let connecting: Promise<void> = Promise.resolve();
  let isOver = false;
  let events = { since: 0, exception: 0, event: 0 };

  return {
    connect() {
      connecting = ports.dial(path).then(
        (socket) => {
          if (isOver) socket.destroy();
          else channel = openChannel({ socket, clock, receive, malformed: () => heard.count('malformed'), closed });
        },
        (error: unknown) => log.warn({ module: name(), err: messageOf(error) }, 'the messages of a package cannot be heard'),
      );
    },
    view: () => heard.view([...exceptions]),
    trigger,
    send,
    async ended() {
      await connecting;
      const last = channel;
      await Promise.race([last?.over, new Promise<void>((resolve) => clock.after(lastWordsMs, resolve))]);
      last?.close();
      isOver = true;
      calls.end('ended');
    },
    leave() {
      isOver = true;
      channel?.close();
      calls.end('was handed over to another daemon');
    },
  };

  function trigger(action: string, param: unknown, options: TriggerOptions): Promise<unknown> {
    const known = heard.action(action);
    if (known === undefined) return Promise.reject(unknown(action));
    if (!known.scoped) return calls.custom(action, () => send(param === undefined ? action : { msg: action, opts: param }), options);
    const uuid = randomUUID();
    return calls.scoped(action, uuid, () => send({ action_name: action, uuid, opts: param ?? {} }), options);
  }

  function send(message: unknown): boolean {
    if (channel?.send(message) !== true) return false;
    heard.count('sent');
    tell('to', message);
    return true;
  }

  function receive(raw: unknown): void {
    heard.count('received');
    if (isDeeper(raw, nestingLimit)) {
      heard.count('malformed');
      return;
    }
    tell('from', raw);
    const message = readMessage(raw, ports.mask);
    if (message === null || !understood(message)) heard.count('ignored');
  }

  function understood(message: NonNullable<ReturnType<typeof readMessage>>): boolean {
    switch (message.type) {
      case 'ready':
        return true;
      case 'options':
      case 'monitors':
      case 'action':
        heard.take(message);
        return true;
      case 'reply':
        return calls.reply(message.name, message.value);
      case 'part':
      case 'end':
      case 'error':
        return calls.part(message.type, message.uuid, message.value);
      case 'exception':
        exceptions.push({ at: new Date(clock.now()).toISOString(), message: message.message, stack: message.stack });
        exceptions.splice(0, exceptions.length - mostExceptions);
        emit('exception', message.message, message.stack === null ? {} : { stack: message.stack });
        return true;
      case 'event':
        emit('event', message.name, message.fields);
        return true;
    }
  }

  function emit(type: Said['type'], message: string, fields: Said['fields']): void {
    const now = clock.now();
    if (now - events.since >= eventWindowMs) events = { since: now, exception: 0, event: 0 };
    events[type] += 1;
    if (events[type] > mostEvents) heard.count('dropped');
    else ports.said({ type, name: name(), message, fields });
  }

  function tell(direction: 'from' | 'to', message: unknown): void {
    ports.traced(name(), direction, message);
    if (debug) log.info({ module: name(), direction, message }, 'message of a package');
  }

  function closed(why: string | null): void {
    channel = null;
    calls.end('closed its channel');
    if (why === null || isOver) return;
    log.warn({ module: name(), why }, 'the channel of a package is closed');
    emit('event', `its channel is closed: it ${why}`, {});
  }

  function unknown(action: string): MusterError {
    const actions = heard.view([]).actions.map((each) => each.name);
    return new MusterError('ENOENT', `${name()} has no action "${action}"`, {
      hint: actions.length === 0 ? 'it has registered none' : `it has ${actions.join(', ')}`,
    });
  }
}
