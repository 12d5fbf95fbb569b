import type { Server, Socket } from 'node:net';
import { createFrames, type Frames, frameOf } from '../frames.ts';
import { type FromHeld, handoverMs, type ToHeld, type ToRunner } from '../protocol.ts';

/** The daemon that this runner works for: one after the other, each by a connection of its own. */
export interface Daemon {
  /** As `ChannelOptions.send` of `channel.ts`. While the runner is handed over nothing leaves it. */
  send(messages: readonly unknown[], sent: () => void): boolean;
}

export interface DaemonOptions {
  readonly server: Server;
  receive(message: ToRunner): void;
  /** It is gone, and no other will come. */
  lost(): void;
}

/** As it would be on its way. */
type Held = { readonly frame: Buffer; readonly sent: () => void };

/** Whoever started the runner comes soon, or never; so does the next daemon, once it was announced. */
export function awaitDaemon({ server, receive, lost }: DaemonOptions): Daemon {
  let current: Frames | null = null;
  let next: Socket | null = null;
  let alone: NodeJS.Timeout | null = setTimeout(lost, handoverMs);
  /** Null: it is not being handed over. */
  let held: Held[] | null = null;
  const early: Held[] = [];

  server.on('connection', connected);

  function connected(socket: Socket): void {
    // Nobody else is let in as long as the daemon is there.
    if (current !== null && held === null) socket.destroy();
    else if (current === null) attend(socket);
    else {
      // What the one before has said comes first; it has gone, or is about to.
      next?.destroy();
      next = socket;
      current.end();
    }
  }

  function attend(socket: Socket): void {
    const frames = createFrames(socket, {
      receive(messages) {
        for (const message of messages as readonly (ToRunner | ToHeld)[]) take(message);
      },
      closed() {
        current = null;
        const after = next;
        next = null;
        if (after !== null) attend(after);
        else if (held === null) lost();
      },
    });
    current = frames;
    if (held !== null) return;
    settle();
    flush(early.splice(0));
  }

  function take(message: ToRunner | ToHeld): void {
    if (message.type === 'hold') hold();
    else if (message.type === 'resume') resume();
    else receive(message);
  }

  function hold(): void {
    if (held === null) alone = setTimeout(lost, handoverMs);
    held ??= [];
    // The last that this daemon hears.
    current?.send([{ type: 'held' } satisfies FromHeld]);
  }

  function resume(): void {
    const waiting = held ?? [];
    held = null;
    settle();
    flush(waiting);
  }

  function flush(waiting: readonly Held[]): void {
    for (const { frame, sent } of waiting) current?.sendFrame(frame, sent);
  }

  function settle(): void {
    if (alone !== null) clearTimeout(alone);
    alone = null;
  }

  return {
    send(messages, sent) {
      if (held === null && current !== null) return current.send(messages, sent);
      (held ?? early).push({ frame: frameOf(messages), sent });
      return false;
    },
  };
}
