import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import type { Context } from '../../model/context.ts';
import { messageOf } from '../../model/error.ts';
import { checkAccessLog, openAccessLog } from './access-log.ts';
import type { Answer } from './body-apart.ts';
import { type Certificates, readCertificates, show, watchCertificates } from './certificates.ts';
import { linger, retire, stopListening } from './closing.ts';
import type { Components } from './components.ts';
import type { Connections } from './connections.ts';
import { trustOf } from './headers.ts';
import { applyLimits, type Listener, openListener } from './listeners.ts';
import { type Current, Requests, type RequestsPorts } from './requests.ts';
import { isAnyPort, type Settings } from './settings.ts';
import { acceptUpgrade } from './upgrades.ts';

export interface GatewayPorts extends Pick<RequestsPorts, 'routes' | 'connections' | 'arrivals'> {
  readonly ctx: Context;
  readonly components: Components;
}

/** What listens, by settings that may change at any time. */
export class Gateway {
  readonly #ports: GatewayPorts;
  readonly #connections: Connections;
  readonly #requests: Requests;
  readonly #requestPorts: RequestsPorts;
  readonly #current: Current;
  #settings: Settings;
  #listeners: readonly Listener[] = [];
  #followed = false;
  #unwatch = (): void => {};

  constructor(settings: Settings, ports: GatewayPorts) {
    const { ctx, routes, connections, arrivals } = ports;
    this.#settings = settings;
    this.#ports = ports;
    this.#connections = connections;
    this.#current = { limits: settings.limits, accessLog: null, trusts: () => false, closing: false };
    this.#requestPorts = { routes, connections, arrivals, log: ctx.log, current: this.#current };
    this.#requests = new Requests(this.#requestPorts);
  }

  /**
   * Goes by these settings from now on; if that cannot be, it throws and everything is as it was. New addresses come first.
   * `busy`: one that leaves may still have an address, and does not before this was called.
   */
  async apply(settings: Settings, busy: (() => void) | null = null): Promise<void> {
    const certificates = settings.tls === null ? null : readCertificates(settings.tls);
    const trusts = trustOf(settings.trustProxies);
    await checkAccessLog(settings.accessLog);
    const { listeners, left } = await this.#listen(settings, certificates, busy);

    for (const { server } of left) retire(server);
    for (const { server } of listeners) {
      applyLimits(server, settings.limits);
      if (certificates !== null) show(server, certificates);
    }
    const current = this.#current;
    if (settings.accessLog !== this.#settings.accessLog || current.accessLog === null) {
      current.accessLog?.close();
      current.accessLog = openAccessLog(settings.accessLog, this.#ports.ctx.log);
    }
    current.limits = settings.limits;
    current.trusts = trusts;
    this.#settings = settings;
    this.#listeners = listeners;
    this.#unwatch();
    this.#unwatch = settings.tls === null ? () => {} : watchCertificates(settings.tls, () => this.#renew());
    this.#tell();
  }

  /** Another start of it takes its place, or is to. */
  followed(): void {
    this.#followed = true;
  }

  /** No new connections; what is under way may be finished. Resolves when it is, or has no more time. */
  async drain(): Promise<void> {
    this.#current.closing = true;
    for (const component of this.#ports.components.all()) component.turnAway();
    const closed = Promise.all(this.#listeners.map(({ server }) => stopListening(server)));
    const answers = [...this.#ports.components.all()].some((component) => component.taking() !== null);
    if (this.#followed && answers) await linger(() => this.#connections.size);
    // What has been asked already, but not read, is no idle connection.
    await turn();
    await turn();
    this.#connections.closeAll();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise((resolve) => {
      timer = setTimeout(resolve, this.#settings.limits.shutdownTimeout);
    });
    await Promise.race([closed, late]);
    clearTimeout(timer);
    this.close();
  }

  close(): void {
    this.#unwatch();
    for (const component of this.#ports.components.all()) component.cut();
    for (const { server } of this.#listeners) server.close();
    this.#connections.destroyAll();
    this.#current.accessLog?.close();
  }

  stats(): Readonly<Record<string, unknown>> {
    const components = [...this.#ports.components.all()].map(({ name, open, tally }) => [name, { open, ...tally.read() }]);
    return { connections: this.#connections.size, ...this.#requests.tally.read(), components: Object.fromEntries(components) };
  }

  async #listen(
    settings: Settings,
    certificates: Certificates | null,
    busy: (() => void) | null,
  ): Promise<{ listeners: Listener[]; left: Listener[] }> {
    const left = [...this.#listeners];
    const opened: Listener[] = [];
    const closed: Listener[] = [];
    const listeners: Listener[] = [];
    const isSecure = certificates !== null;
    try {
      for (const listen of settings.listen) {
        const at = left.findIndex((one) => one.listen.text === listen.text && one.isSecure === isSecure);
        if (at !== -1) {
          listeners.push(...left.splice(at, 1));
          continue;
        }
        // The same address cannot have both at a time: for a moment nobody listens there.
        const other = isAnyPort(listen.at) ? undefined : left.find((one) => one.listen.text === listen.text);
        other?.server.close();
        if (other !== undefined) closed.push(other);
        const prepare = (server: Server): void => this.#prepare(server, isSecure);
        const listener = await openListener({ listen, settings, certificates, prepare, busy });
        listener.server.on('error', (error) => this.#ports.ctx.log.error(`a listener: ${messageOf(error)}`));
        opened.push(listener);
        listeners.push(listener);
      }
    } catch (error) {
      for (const { server } of opened) server.close();
      for (const { server, listen } of closed) server.listen(listen.at);
      throw error;
    }
    return { listeners, left };
  }

  #prepare(server: Server, isSecure: boolean): void {
    const requests = this.#requests;
    const event = isSecure ? 'secureConnection' : 'connection';
    server.on(event, (socket) => this.#connections.add(socket));
    const answer: Answer = (request, response, mayGoOn) => requests.accept(request, response, mayGoOn);
    server.on('request', (request, response) => answer(request, response, false));
    server.on('checkContinue', (request, response) => answer(request, response, true));
    const anew = (socket: Socket): void => void server.emit(event, socket);
    server.on('upgrade', (request, socket, head) => acceptUpgrade({ request, socket, head }, { anew, answer }, this.#requestPorts));
  }

  /** The files have changed. What does not fit is not taken; the next change may complete it. */
  #renew(): void {
    const { tls } = this.#settings;
    if (tls === null) return;
    try {
      const certificates = readCertificates(tls);
      for (const { server } of this.#listeners) show(server, certificates);
      this.#ports.ctx.log.info('the certificates were read again');
      this.#tell();
    } catch (error) {
      this.#ports.ctx.status('warn', `the changed certificate is not used: ${messageOf(error)}`);
    }
  }

  #tell(): void {
    this.#ports.ctx.status('core', `listening on ${this.#listeners.map(({ shown }) => shown).join(', ')}`);
  }
}
