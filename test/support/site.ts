import { Agent, request } from 'node:http';
import { join } from 'node:path';
import type { ListDoc, ModuleView } from '../../src/model/documents.ts';
import type { Result } from '../../src/model/plan.ts';
import { createPlace, type Place } from './place.ts';
import { type Talk, talk } from './talk.ts';

/** What stands below `hosts:`, as data. */
export type Hosts = Record<string, { components?: Record<string, unknown>; [field: string]: unknown }>;

/** A daemon with a gateway, whose hosts a test edits. */
export interface Site extends AsyncDisposable {
  place: Place;
  daemon: Talk;
  /** Writes the config with these hosts below the modules that stay; returns its text. */
  declare(hosts: Hosts, more?: object): Promise<string>;
  /** The same, and a reload. */
  reload(hosts: Hosts, more?: object): Promise<Result>;
  /** As `list --json` has them; all, or those of a service. */
  list(service?: string): Promise<ModuleView[]>;
  module(name: string): Promise<ModuleView>;
  /** One request over HTTP, by the Host header. */
  get(domain: string): Promise<{ status: number; body: string }>;
}

const component = join(import.meta.dirname, '../cases/fixtures/component.mjs');

/** An entry that runs the fixture `component`, with arguments and further fields. */
export function entry(args: string[] = [], more: object = {}): object {
  return { module: component, args, ...more };
}

/** `modules` run beside the gateway and stay; `more` is what else stands at the top. */
export async function createSite(hosts: Hosts, modules: object = {}): Promise<Site> {
  const place = await createPlace();
  const textOf = (below: Hosts, more: object = {}): string => {
    const gateway = { module: 'builtin:gateway', config: { listen: '127.0.0.1:0' } };
    return `${JSON.stringify({ version: 1, modules: { gateway, ...modules }, hosts: below, policy: { maxRemovals: '100%' }, ...more }, null, 1)}\n`;
  };
  const declare = async (below: Hosts, more?: object): Promise<string> => {
    const text = textOf(below, more);
    await place.write('muster.yaml', text);
    return text;
  };
  try {
    await declare(hosts);
    await place.up();
    const daemon = await talk(place);
    const list = async (service?: string) => ((await daemon.muster('list', service === undefined ? {} : { service })) as ListDoc).modules;
    const module = async (name: string): Promise<ModuleView> => {
      const found = (await list()).find((view) => view.name === name);
      if (found === undefined) throw new Error(`${name} is not listed`);
      return found;
    };
    const agent = new Agent({ keepAlive: true });
    const address = /http:\/\/\S+:\d+/.exec((await module('gateway')).status.message)?.[0];
    if (address === undefined) throw new Error('the gateway does not say where it listens');
    return {
      place,
      daemon,
      declare,
      async reload(below, more) {
        await declare(below, more);
        return (await daemon.muster('reload', {})) as Result;
      },
      list,
      module,
      get: (domain) => get(address, domain, agent),
      async [Symbol.asyncDispose]() {
        agent.destroy();
        daemon[Symbol.dispose]();
        await place[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    await place[Symbol.asyncDispose]();
    throw error;
  }
}

function get(address: string, host: string, agent: Agent): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const asked = request(address, { agent, headers: { host } }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
      response.on('error', reject).on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    });
    asked.on('error', reject).end();
  });
}
