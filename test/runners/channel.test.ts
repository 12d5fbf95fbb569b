import { serialize } from 'node:v8';
import { expect, test } from 'vitest';
import type { EventPacket, Packet, RequestPacket } from '../../src/model/bus.ts';
import type { Sealed } from '../../src/model/sealed.ts';
import { carriedBytes, carriedLimit, createChannel } from '../../src/runners/channel.ts';
import { open, seal } from '../../src/runners/inside/seal.ts';

type Said = { readonly type: 'said'; readonly n: number };

/** A channel whose other side reads when it is told to, and that clones as one between processes does. */
function setting() {
  const arrived: unknown[] = [];
  const waiting: (() => void)[] = [];
  const back: Packet[] = [];
  const dropped: EventPacket[] = [];
  const state = { quick: true };
  const channel = createChannel<Said>({
    send(messages, sent) {
      serialize(messages);
      arrived.push(messages);
      waiting.push(sent);
      return state.quick;
    },
    back: (packet) => void back.push(packet),
    dropped: (event) => void dropped.push(event),
  });
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const read = (): void => {
    for (const sent of waiting.splice(0)) sent();
  };
  return { channel, arrived, back, dropped, state, turn, read };
}

const request = (id: number, payload: unknown = null): RequestPacket => ['request', 7, 3, id, 'a', 'a.b', payload, 'asker'];
/** Of one sender to one receiver. */
function packets(...all: Packet[]): Sealed {
  const [sealed, ...more] = seal(all, () => {});
  if (sealed === undefined || more.length > 0) throw new Error('they are of several');
  return sealed;
}

test('what is said in one turn crosses as one, in order', async () => {
  const { channel, arrived, turn } = setting();
  channel.post({ type: 'said', n: 1 });
  channel.post(packets(request(1)));
  channel.post({ type: 'said', n: 2 });
  await turn();
  channel.post({ type: 'said', n: 3 });
  await turn();
  expect(arrived).toEqual([[{ type: 'said', n: 1 }, packets(request(1)), { type: 'said', n: 2 }], [{ type: 'said', n: 3 }]]);
});

test('while the other side reads slowly everything waits, and requests beyond the limit are refused', async () => {
  const { channel, arrived, back, state, turn, read } = setting();
  state.quick = false;
  channel.post({ type: 'said', n: 1 });
  await turn();
  channel.post(packets(...Array.from({ length: carriedLimit }, (_, id) => request(id))));
  channel.post(packets(request(-1), ['answer', 7, 3, 1, 'late']));
  channel.post({ type: 'said', n: 2 });
  await turn();
  expect(arrived).toHaveLength(1);
  expect(back).toEqual([['failure', 3, 7, -1, { code: 'EBUSY', message: expect.stringContaining('a.b') }]]);
  state.quick = true;
  read();
  const [many, late, said] = arrived[1] as [Sealed, Sealed, Said];
  expect(open(many)).toHaveLength(carriedLimit);
  expect(open(late)).toEqual([['answer', 7, 3, 1, 'late']]);
  expect(said).toEqual({ type: 'said', n: 2 });
  read();
  channel.post(packets(request(1)));
  await turn();
  expect(back).toHaveLength(1);
});

test('large requests are counted by their size', async () => {
  const { channel, back, turn } = setting();
  const large = 'x'.repeat(carriedBytes / 4);
  for (const id of [1, 2, 3, 4, 5]) channel.post(packets(request(id, large)));
  await turn();
  expect(back.map(([, , , id]) => id)).toEqual([5]);
});

test('events leave room for requests, and those beyond are dropped and told', async () => {
  const { channel, dropped, back, turn } = setting();
  const event = (n: number): EventPacket => [3, `a.${n}`, n, 'asker'];
  channel.post({ type: 'events', events: Array.from({ length: carriedLimit }, (_, n) => event(n)) });
  channel.post(packets(request(1)));
  await turn();
  expect(dropped).toHaveLength(carriedLimit / 2);
  expect(dropped[0]).toEqual(event(carriedLimit / 2));
  expect(back).toEqual([]);
});

test('what cannot be cloned fails alone', () => {
  const odd = (): void => {};
  const back: Packet[] = [];
  const sealed = seal([request(1), request(2, odd), ['answer', 5, 6, 7, odd], request(3)], (packet) => void back.push(packet));
  expect(sealed.map(open)).toEqual([
    [request(1), request(3)],
    [['failure', 5, 6, 7, { code: 'EINVAL', message: expect.stringContaining('cloned') }]],
  ]);
  expect(sealed.map(({ requests }) => requests)).toEqual([2, 0]);
  expect(back).toEqual([['failure', 3, 7, 2, { code: 'EINVAL', message: expect.any(String) }]]);
});

test('an event that cannot be cloned is dropped alone', async () => {
  const { channel, arrived, dropped, turn } = setting();
  const odd = (): void => {};
  channel.post(packets(request(1)));
  channel.post({ type: 'events', events: [[3, 'a.b', odd, 'asker']] });
  channel.post({ type: 'said', n: 1 });
  await turn();
  expect(arrived.flat()).toEqual([packets(request(1)), { type: 'said', n: 1 }]);
  expect(dropped).toHaveLength(1);
});
