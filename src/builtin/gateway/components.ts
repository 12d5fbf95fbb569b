import type { Context, Dismissed, HostedModule, LoadedModule, ModuleHost } from '../../model/context.ts';
import { Component } from './component.ts';
import type { Connections } from './connections.ts';
import { type Mount, mountsOf } from './mount.ts';
import { Places } from './places.ts';
import type { Routes } from './routes.ts';

export interface ComponentsPorts {
  readonly ctx: Context;
  /** The loader of this realm. */
  host(): ModuleHost;
  readonly routes: Routes<Component>;
  readonly connections: Connections;
  /** A component has left its place, for good or for another name. */
  left(): void;
}

/** A component that the next start of the gateway is to have. */
export interface Expected {
  readonly name: string;
  readonly mounts: readonly Mount[];
}

/** They come once the gateway before is gone, which may have requests to finish; ms. */
const expectedMs = 20_000;

/** A component that is told to go has this share of its time for its own end, when its last requests are done. */
const ownShare = 0.1;
const leastOwnMs = 250;

/** What the gateway has been asked to load: where it is mounted, and how it comes and goes. */
export class Components {
  readonly #byName = new Map<string, Component>();
  readonly #ports: ComponentsPorts;
  readonly #places: Places;

  constructor(ports: ComponentsPorts) {
    this.#ports = ports;
    this.#places = new Places(ports.routes, (holder) => this.#byName.get(holder)?.expected === true);
  }

  all(): Iterable<Component> {
    return this.#byName.values();
  }

  /** For who comes after. */
  expected(): readonly Expected[] {
    return [...this.#byName.values()].map(({ name, mounts }) => ({ name, mounts }));
  }

  /** Requests wait for these, which are about to be loaded; those that are not are forgotten. */
  expect(components: readonly Expected[]): void {
    for (const { name, mounts } of components) if (!this.#byName.has(name)) this.#create(name, mounts).expected = true;
    const forget = (): void => {
      for (const component of [...this.#byName.values()]) if (component.expected) this.#drop(component);
    };
    setTimeout(forget, expectedMs).unref();
  }

  /** Requests wait for it from now on. One that fails to start is mounted all the same: who asks hears that it does not run. */
  async load(module: HostedModule): Promise<void> {
    const { ctx, host } = this.#ports;
    const { name } = module;
    const mounts = mountsOf(name, ctx.name, module.config);
    await this.#places.free(mounts, name);
    const component = this.#byName.get(name) ?? this.#create(name, mounts);
    component.expected = false;
    component.coming();
    // One that starts beside another takes over its place, and its mounts, when it runs.
    if (component.isEmpty) this.#move(component, name, mounts);
    let loaded: LoadedModule;
    try {
      loaded = await host().load(module);
    } catch (error) {
      component.down();
      throw error;
    }
    this.#move(component, name, mounts);
    loaded.onChange(() => this.#changed(component, loaded));
    loaded.beforeReconfigure((config) => this.#places.free(mountsOf(loaded.name, ctx.name, config), component.name));
    component.add(loaded);
  }

  /** Nothing new reaches it from now on; what is under way is finished, as long as there is time. */
  async remove({ name, why = 'removed', timeout = 10_000 }: Dismissed): Promise<void> {
    const { connections, host } = this.#ports;
    const component = this.#byName.get(name);
    const live = component?.oldest() ?? null;
    if (why === 'removed' && component !== undefined) this.#drop(component);
    if (live === null) {
      if (component === undefined || why !== 'removed') await host().remove({ name });
      return;
    }
    const drained = live.drain(Math.max(timeout * (1 - ownShare), timeout - 1000, 0) - leastOwnMs);
    if (why === 'replaced') component?.coming();
    else component?.down();
    if (why !== 'replaced' && component !== undefined) connections.closeOf(component);
    await drained;
    await host().remove({ name });
  }

  #create(name: string, mounts: readonly Mount[]): Component {
    const component = new Component(name, mounts);
    this.#byName.set(name, component);
    this.#ports.routes.add(mounts, component);
    return component;
  }

  #drop(component: Component): void {
    this.#ports.left();
    this.#byName.delete(component.name);
    this.#ports.routes.remove(component.mounts, component);
    this.#places.moved();
    component.remove();
  }

  #move(component: Component, name: string, mounts: readonly Mount[]): void {
    const { routes } = this.#ports;
    routes.remove(component.mounts, component);
    component.mounts = mounts;
    if (component.name !== name) {
      this.#ports.left();
      this.#byName.delete(component.name);
      component.name = name;
      this.#byName.set(name, component);
    }
    if (!component.removed) routes.add(mounts, component);
    this.#places.moved();
  }

  /** It was renamed, or reconfigured, or takes requests again. */
  #changed(component: Component, { name, config, takes }: LoadedModule): void {
    if (!takes) return;
    const { ctx } = this.#ports;
    try {
      const mounts = mountsOf(name, ctx.name, config);
      this.#places.check(mounts, component.name);
      this.#move(component, name, mounts);
    } catch (error) {
      ctx.log.error(`${name} stays where it was mounted: ${error instanceof Error ? error.message : error}`);
    }
    component.wake();
  }
}
