import type { Socket } from 'node:net';
import type { Component } from './component.ts';
import type { Exchange } from './exchange.ts';

interface Connection {
  /** Whose requests came over it; `several`: it is nobody's alone. */
  of: Component | 'several' | null;
  /** The response under way. */
  exchange: Exchange | null;
}

/** The connections of clients. */
export class Connections {
  readonly #open = new Map<Socket, Connection>();

  get size(): number {
    return this.#open.size;
  }

  add(socket: Socket): void {
    this.#open.set(socket, { of: null, exchange: null });
    socket.once('close', () => this.#open.delete(socket));
  }

  serves(socket: Socket, component: Component, exchange: Exchange): void {
    const connection = this.#open.get(socket);
    if (connection === undefined) return;
    connection.of = connection.of === null || connection.of === component ? component : 'several';
    connection.exchange = exchange;
  }

  /** Those that were for this component alone: at once, or after the response that is under way. */
  closeOf(component: Component): void {
    for (const [socket, { of, exchange }] of this.#open) if (of === component) close(socket, exchange);
  }

  closeAll(): void {
    for (const [socket, { exchange }] of this.#open) close(socket, exchange);
  }

  destroyAll(): void {
    for (const socket of this.#open.keys()) socket.destroy();
  }
}

function close(socket: Socket, exchange: Exchange | null): void {
  if (exchange === null || exchange.isOver) {
    socket.destroySoon();
    return;
  }
  const { response } = exchange;
  if (!response.headersSent) response.shouldKeepAlive = false;
  response.once('close', () => socket.destroySoon());
}
