import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Context } from '../../model/context.ts';
import { messageOf } from '../../model/error.ts';
import type { AccessLog } from './access-log.ts';
import type { Arrivals } from './arrivals.ts';
import type { Component } from './component.ts';
import type { Connections } from './connections.ts';
import { Exchange, retryAfter } from './exchange.ts';
import type { Trust } from './headers.ts';
import type { Live } from './live.ts';
import type { Routes } from './routes.ts';
import { type Failed, serve } from './serve.ts';
import type { Limits } from './settings.ts';
import { Tally } from './tally.ts';
import { readTarget, type Target } from './target.ts';

/** What changes while the gateway runs. */
export interface Current {
  limits: Limits;
  accessLog: AccessLog | null;
  trusts: Trust;
  /** It is being stopped: connections are not kept. */
  closing: boolean;
}

export interface RequestsPorts {
  readonly routes: Routes<Component>;
  readonly connections: Connections;
  readonly arrivals: Pick<Arrivals, 'isOver'>;
  readonly log: Context['log'];
  readonly current: Current;
}

const nowhere = {
  400: 'the Host or the URL of this request is unclear',
  404: 'there is nothing here',
  421: 'there is no such host here',
} as const;
const notRunning = 'it is not running now';
const notYet = 'this gateway has only just begun; who answers here may still be on the way';
const close = { connection: 'close' };

/** Takes a request of a client to the component that answers it. */
export class Requests {
  readonly tally = new Tally();
  readonly #ports: RequestsPorts;

  constructor(ports: RequestsPorts) {
    this.#ports = ports;
  }

  /** `mayGoOn`: the client waits to be told to send its body. */
  accept(request: IncomingMessage, response: ServerResponse, mayGoOn = false): void {
    const { routes, connections, arrivals, current } = this.#ports;
    const { limits, closing } = current;
    const target = readTarget(request);
    const exchange = new Exchange(request, response, target);
    let component: Component | null = null;
    exchange.onOver = () => this.#over(exchange, component);
    response.on('close', exchange.onOver);
    connections.began(exchange);
    if (closing) response.shouldKeepAlive = false;
    const found = target === null ? 400 : routes.find(target.domain, target.path);
    if (target !== null && typeof found === 'number' && !arrivals.isOver) {
      exchange.refuse(503, notYet, retryAfter);
      return;
    }
    if (target === null || typeof found === 'number') {
      exchange.refuse(found as keyof typeof nowhere, nowhere[found as keyof typeof nowhere], found === 400 ? close : {});
      return;
    }
    component = found.component;
    component.open += 1;
    exchange.mount = found.mount;
    connections.serves(exchange, component);
    if (!limitBody(exchange, limits.maxBody)) return;
    const live = component.taking();
    if (component.open > limits.maxRequests) exchange.refuse(503, 'too many requests at a time', retryAfter);
    else if (live === null && (closing || !component.isComing)) exchange.refuse(503, notRunning, retryAfter);
    else {
      if (mayGoOn) response.writeContinue();
      if (live === null) void this.#wait(component, exchange, target);
      else this.#begin(live, exchange, target);
    }
  }

  async #wait(component: Component, exchange: Exchange, target: Target): Promise<void> {
    const live = await component.wait(this.#ports.current.limits.queueTimeout, exchange.signal);
    if (exchange.isOver) return;
    if (live !== null) this.#begin(live, exchange, target);
    else if (component.removed) exchange.refuse(404, nowhere[404]);
    else exchange.refuse(503, notRunning, retryAfter);
  }

  #begin(live: Live, exchange: Exchange, target: Target): void {
    live.began(exchange);
    try {
      serve(live, exchange, target, this.#ports.current.trusts, this.#failed);
    } catch (error) {
      this.#failed(live, exchange, error);
    }
  }

  /** What went wrong is for the log of the component, or the gateway's; clients learn nothing of it. */
  readonly #failed: Failed = (live, exchange, error) => {
    const { code } = error as { code?: unknown };
    if (exchange.isOver) return;
    if (code === 'EHOSTUNREACH' || code === 'ENOSYS') {
      exchange.refuse(503, notRunning, retryAfter);
      return;
    }
    this.#ports.log.warn(`${live.loaded.name} failed to answer ${exchange.request.method} ${exchange.target?.path}: ${messageOf(error)}`);
    exchange.refuse(500, 'it failed to answer');
  };

  #over(exchange: Exchange, component: Component | null): void {
    if (exchange.isOver) return;
    const { response, startedAt } = exchange;
    this.#ports.connections.ended(exchange);
    const ms = performance.now() - startedAt;
    const status = response.writableFinished ? response.statusCode : null;
    exchange.over();
    this.tally.count(status, ms);
    if (component !== null) {
      component.open -= 1;
      component.tally.count(status, ms);
    }
    this.#ports.current.accessLog?.write(exchange, status, ms);
  }
}

/** Refuses a body that is too long: at once where its length is said, else when so much has come. */
function limitBody(exchange: Exchange, most: number): boolean {
  const { request } = exchange;
  const length = request.headers['content-length'];
  const refuse = (): void => exchange.refuse(413, `a body has at most ${most} bytes here`, close);
  if (length !== undefined) {
    if (most === 0 || Number(length) <= most) return true;
    refuse();
    return false;
  }
  if (most === 0 || request.headers['transfer-encoding'] === undefined) return true;
  let left = most;
  const push = request.push.bind(request);
  request.push = (chunk: Buffer | null, encoding) => {
    left -= chunk?.byteLength ?? 0;
    if (left >= 0) return push(chunk, encoding);
    refuse();
    return false;
  };
  return true;
}
