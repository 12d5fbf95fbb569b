import type { Socket } from 'node:net';
import type { Component } from './component.ts';
import type { Exchange } from './exchange.ts';

interface Connection {
  /** Whose requests came over it; `several`: it is nobody's alone. */
  of: Component | 'several' | null;
  /** Of requests that were sent one after the other without waiting, all that are not over, in their order. */
  readonly exchanges: Exchange[];
  /** Done when there are none of them. */
  next: (() => void) | null;
}

/** The connections of clients. */
export class Connections {
  readonly #open = new Map<Socket, Connection>();

  get size(): number {
    return this.#open.size;
  }

  /** Once more of one that has asked for another protocol means nothing. */
  add(socket: Socket): void {
    if (this.#open.has(socket)) return;
    const exchanges: Exchange[] = [];
    this.#open.set(socket, { of: null, exchanges, next: null });
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
    const { socket } = exchange.request;
    const connection = this.#open.get(socket);
    const at = connection?.exchanges.indexOf(exchange) ?? -1;
    if (connection === undefined || at === -1) return;
    connection.exchanges.splice(at, 1);
    if (connection.next === null || connection.exchanges.length > 0) return;
    // Whoever else waits for the end of the response may close the connection after it.
    process.nextTick(follow, socket, connection.next);
    connection.next = null;
  }

  /** Once all that was asked on it has its answer; never, if it is closed then. */
  afterAll(socket: Socket, then: () => void): void {
    const connection = this.#open.get(socket);
    if (connection === undefined || connection.exchanges.length === 0) follow(socket, then);
    else connection.next = then;
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

function follow(socket: Socket, then: () => void): void {
  if (socket.writable) then();
  else socket.destroySoon();
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
