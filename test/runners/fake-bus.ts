import type { Address, BusFromRunner, BusLink, BusPort, Packet, Party, Route, RunnerLink } from '../../src/model/bus.ts';
import { fromWire, MusterError } from '../../src/model/error.ts';

/** The least that runners need of a bus: names to addresses, packets to runners, and what it was told, in order. */
export interface FakeBus extends BusPort {
  readonly told: string[];
  /** As the daemon would say it to every runner. */
  tell(message: Parameters<RunnerLink['send']>[0]): void;
  /** What runners said that is not passed on. */
  readonly heard: BusFromRunner[];
}

export function fakeBus(): FakeBus {
  const runners = new Map<BusLink, RunnerLink>();
  const parties = new Map<Address, { party: Party; name: string }>();
  const services = new Map<string, Address>();
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  const told: string[] = [];
  const heard: BusFromRunner[] = [];
  let calls = 0;

  function find(prefix: string): Route {
    for (let service = prefix; service !== ''; service = service.slice(0, Math.max(0, service.lastIndexOf('.')))) {
      const address = services.get(service);
      if (address !== undefined) return { service, address };
    }
    return { error: { code: 'ENOSYS', message: `nobody serves ${prefix}` } };
  }

  function carry(packet: Packet): void {
    const [kind, to, , id] = packet;
    if (to !== 0) {
      const party = parties.get(to)?.party;
      if (party !== undefined) runners.get(party.link)?.send({ type: 'packets', packets: [packet] });
      return;
    }
    if (kind === 'answer') waiting.get(id)?.resolve(packet[4]);
    if (kind === 'failure') waiting.get(id)?.reject(fromWire(packet[4]));
    if (kind === 'moved') waiting.get(id)?.reject(new MusterError('EHOSTUNREACH', 'moved'));
  }

  function receive(link: BusLink, message: BusFromRunner): void {
    const runner = runners.get(link);
    switch (message.type) {
      case 'packets':
        message.packets.forEach(carry);
        break;
      case 'resolve':
        runner?.send({ type: 'route', call: message.call, route: find(message.prefix) });
        break;
      case 'register':
        services.set(message.service, message.from);
        runner?.send({ type: 'registered', call: message.call, error: null });
        break;
      default:
        heard.push(message);
    }
  }

  return {
    told,
    heard,
    tell(message) {
      for (const runner of runners.values()) runner.send(message);
    },
    connect(runner) {
      const link: BusLink = { receive: (message) => receive(link, message), close: () => void runners.delete(link) };
      runners.set(link, runner);
      return link;
    },
    attach(party) {
      const holder = services.get(party.name);
      if (holder !== undefined && party.provides.length > 0) {
        throw new MusterError('EEXIST', `"${party.name}" is taken by ${parties.get(holder)?.name}`);
      }
      const own = { party, name: party.name };
      parties.set(party.address, own);
      services.set(party.name, party.address);
      told.push(`attach ${own.name}`);
      const say = (what: string): void => void told.push(`${what} ${own.name}`);
      return {
        ready: () => say('ready'),
        finalizing: () => say('finalizing'),
        ended() {
          say('ended');
          parties.delete(party.address);
          for (const [service, address] of services) if (address === party.address) services.delete(service);
        },
        rename(name) {
          say(`rename to ${name}:`);
          services.delete(own.name);
          services.set(name, party.address);
          own.name = name;
        },
        update: () => say('update'),
      };
    },
    route: async (service) => find(service),
    request(topic, payload) {
      const route = find(topic.slice(0, topic.lastIndexOf('.')));
      if ('error' in route) return Promise.reject(fromWire(route.error));
      calls += 1;
      const id = calls;
      const answer = new Promise<unknown>((resolve, reject) => waiting.set(id, { resolve, reject }));
      carry(['request', route.address, 0, id, route.service, topic, payload, 'muster']);
      return answer;
    },
  };
}
