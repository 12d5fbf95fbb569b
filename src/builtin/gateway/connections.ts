import type { Socket } from 'node:net';
import type { Component } from './component.ts';
import type { Exchange } from './exchange.ts';

interface Connection {
  /** Whose requests came over it; `several`: it is nobody's alone. */
  of: Component | 'several' | null;
  /** Of requests that were sent one after the other without waiting, all that are not over, in their order. */
  readonly exchanges: Exchange[];
}

/** The connections of clients. */
export class Connections {
  readonly #open = new Map<Socket, Connection>();

  get size(): number {
    return this.#open.size;
  }

  add(socket: Socket): void {
    const exchanges: Exchange[] = [];
    this.#open.set(socket, { of: null, exchanges });
    socket.once('close', () => {
      this.#open.delete(socket);
      // Node says so only of the response that has its turn.
      for (const exchange of [...exchanges]) exchange.onOver();
    });
  }

  began(exchange: Exchange): void {
    this.#open.get(exchange.request.socket)?.exchanges.push(exchange);
  }

  ended(exchange: Exchange): void {
    const exchanges = this.#open.get(exchange.request.socket)?.exchanges ?? [];
    const at = exchanges.indexOf(exchange);
    if (at !== -1) exchanges.splice(at, 1);
  }

  serves({ request }: Exchange, component: Component): void {
    const connection = this.#open.get(request.socket);
    if (connection !== undefined) connection.of = connection.of === null || connection.of === component ? component : 'several';
  }

  /** Those that were for this component alone: at once, or after the response that is under way. */
  closeOf(component: Component): void {
    for (const [socket, { of, exchanges }] of this.#open) if (of === component) close(socket, exchanges);
  }

  closeAll(): void {
    for (const [socket, { exchanges }] of this.#open) close(socket, exchanges);
  }

  destroyAll(): void {
    for (const socket of this.#open.keys()) socket.destroy();
  }
}

function close(socket: Socket, exchanges: readonly Exchange[]): void {
  const last = exchanges.at(-1);
  if (last === undefined) {
    socket.destroySoon();
    return;
  }
  const { response } = last;
  if (!response.headersSent) response.shouldKeepAlive = false;
  response.once('close', () => socket.destroySoon());
}
