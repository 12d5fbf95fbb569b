import { expect, it } from 'vitest';
import type { BusFromRunner, Packet } from '../../src/model/bus.ts';
import { seeded } from '../support/seeded.ts';
import { setting, turn } from './setting.ts';

const messagesInAll = 100_000;
const kinds = ['request', 'answer', 'part', 'failure', 'moved', 'cancel', 'credit', 'disconnect', 'none', '__proto__', 7, null];
const types = ['packets', 'sealed', 'events', 'resolve', 'waiting', 'register', 'subscribed', 'traced', 'none', '__proto__', '', 7, null];
const anything: readonly unknown[] = [
  ...[undefined, null, -1, 0, 1, 1.5, Number.NaN, 2 ** 53, '', 'a.b', '*', 'victim', 'victim.x', true, 10n, {}, [], [[]], [null], ['*']],
  ...[new Uint8Array(9), new Map(), { code: 'EX', message: 'x' }, { code: 7 }, '.', 'x'.repeat(1000), Number.MAX_SAFE_INTEGER],
];

it('takes a runner that lies in every message for what it is, and lets no other runner and no client notice', async () => {
  const random = seeded(45);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random.next() * from.length)] as T;
  const { bus, runner } = setting();
  const [good, bad] = [
    runner((packet) => {
      if (packet[0] === 'request' && packet[4] === 'victim') answer(packet);
    }),
    runner(),
  ];
  const [asker, victim, liar] = [good.attach('asker'), good.attach('victim'), bad.attach('liar')];
  for (const one of [asker, victim, liar]) one.ready();
  const answer = ([, , from, id, , , payload]: Extract<Packet, readonly ['request', ...unknown[]]>): void =>
    good.say({ type: 'packets', packets: [['answer', from, victim.address, id, payload]] });

  const addresses = [asker.address, victim.address, liar.address, 0, -1, -2, 2 ** 40];
  const address = (): unknown => (random.next() < 0.8 ? pick(addresses) : pick(anything));
  const packet = (): unknown =>
    random.next() < 0.05
      ? pick(anything)
      : [pick(kinds), address(), address(), pick(anything), ...Array.from({ length: 4 }, () => pick(anything))];
  const event = (): unknown => (random.next() < 0.1 ? pick(anything) : [address(), pick(anything), pick(anything), pick(anything)]);
  const message = (): unknown => {
    if (random.next() < 0.03) return pick(anything);
    return {
      ...{ type: pick(types), from: address(), to: address(), call: pick(anything), prefix: pick(anything), service: pick(anything) },
      ...{ count: pick(anything), globs: pick(anything), records: pick(anything), dropped: pick(anything), requests: pick(anything) },
      ...{ content: pick(anything), packets: random.next() < 0.8 ? [packet(), packet()] : pick(anything) },
      events: random.next() < 0.8 ? [event(), event()] : pick(anything),
    };
  };
  for (let n = 0; n < messagesInAll; n++) {
    bad.link.receive(message() as BusFromRunner);
    if (n % 500 !== 0) continue;
    await turn();
    for (const { got } of [good, bad]) got.length = 0;
    expect(await bus.request('victim.x', n)).toBe(n);
  }
  await turn();
  expect(await good.resolve(asker.address, 'victim')).toEqual({ service: 'victim', address: victim.address });
  expect(bus.services('victim')).toEqual([]);
  const lied = good.packets().filter(([, , from]) => from === victim.address || from === asker.address);
  expect(lied).toEqual([]);
});
