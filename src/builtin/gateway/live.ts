import type { Duplex } from 'node:stream';
import type { LoadedModule } from '../../model/context.ts';
import type { Component } from './component.ts';
import type { Exchange } from './exchange.ts';
import type { Style } from './serve.ts';
import { UnderWay } from './under-way.ts';

/** One start of a component: what it has under way. */
export class Live {
  readonly component: Component;
  readonly loaded: LoadedModule;
  /** It is to go, and begins with nothing new. */
  leaving = false;
  /** How it takes requests, once that is known. */
  style: Style | null = null;
  // Most of a thousand components have nothing under way.
  #exchanges: UnderWay<Exchange> | null = null;
  #upgrades: Set<Duplex> | null = null;
  #whenIdle: (() => void) | null = null;

  constructor(component: Component, loaded: LoadedModule) {
    this.component = component;
    this.loaded = loaded;
  }

  get takes(): boolean {
    return !this.leaving && this.loaded.takes;
  }

  began(exchange: Exchange): void {
    exchange.live = this;
    this.#exchanges ??= new UnderWay();
    this.#exchanges.add(exchange);
  }

  left(exchange: Exchange): void {
    this.#exchanges?.delete(exchange);
    if (this.#exchanges?.size === 0) this.#whenIdle?.();
  }

  upgraded(socket: Duplex): void {
    this.#upgrades ??= new Set();
    this.#upgrades.add(socket);
    socket.once('close', () => this.#upgrades?.delete(socket));
  }

  /** Begins with nothing new; resolves when all that is under way is done, or cut off after `ms`. */
  async drain(ms: number): Promise<void> {
    this.leaving = true;
    for (const socket of this.#upgrades ?? []) socket.end();
    if ((this.#exchanges?.size ?? 0) > 0) await this.#idle(ms);
    this.cut();
  }

  /** Nothing that it holds leads to a client any more. */
  cut(): void {
    for (const exchange of this.#exchanges?.all() ?? []) exchange.cut();
    for (const socket of this.#upgrades ?? []) socket.destroy();
  }

  #idle(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#whenIdle = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
