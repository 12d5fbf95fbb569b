import { expect, test } from 'vitest';
import type { Packet, RequestPacket } from '../../src/model/bus.ts';
import type { Sealed } from '../../src/model/sealed.ts';
import { seal } from '../../src/runners/inside/seal.ts';
import { listener, setting, turn } from './setting.ts';

function sealed(...packets: Packet[]): Sealed {
  const [first, ...more] = seal(packets, () => {});
  if (first === undefined || more.length > 0) throw new Error('they are of several');
  return first;
}

function twoRunners() {
  const { bus, runner } = setting();
  const [here, there] = [runner(), runner()];
  const asker = here.attach('asker');
  const server = there.attach('server');
  asker.ready();
  server.ready();
  const request = (id: number): RequestPacket => ['request', server.address, asker.address, id, 'server', 'server.it', id, 'asker'];
  return { bus, here, there, asker, server, request };
}

test('what one runner has sealed for another is passed on as it is', async () => {
  const { here, there, asker, server, request } = twoRunners();
  const asked = sealed(request(1), request(2));
  here.say(asked);
  const answered = sealed(['answer', asker.address, server.address, 1, 'one']);
  there.say(answered);
  await turn();
  expect(there.of('sealed')).toEqual([asked]);
  expect(there.of('sealed')[0]?.content).toBe(asked.content);
  expect(here.of('sealed')).toEqual([answered]);
});

test('whom a sealed request has reached hears that its asker is gone, after it', async () => {
  const { here, there, asker, server, request } = twoRunners();
  here.say(sealed(request(1)));
  asker.ended();
  await turn();
  expect(there.got.map(({ type }) => type).filter((type) => type === 'sealed' || type === 'packets')).toEqual(['sealed', 'packets']);
  expect(there.packets()).toEqual([['disconnect', server.address, asker.address, 'asker']]);
});

test('sealed requests for one that is being replaced, or has ended, come back', async () => {
  const { bus, here, there, asker, server, request } = twoRunners();
  bus.park('server');
  here.say(sealed(request(1)));
  bus.unpark('server');
  server.ended();
  here.say(sealed(request(2), ['cancel', server.address, asker.address, 7]));
  await turn();
  const moved = (id: number): Packet => ['moved', asker.address, server.address, id, 'server.it', id];
  expect(here.packets()).toEqual([moved(1), moved(2)]);
  expect(there.of('sealed')).toEqual([]);
});

test('what is sealed for who asks in the daemon is opened', async () => {
  const { bus, there, server } = twoRunners();
  const heard = listener();
  bus.client().ask('server.it', 'hello', heard);
  await turn();
  const [[, , from = 0, id = 0] = []] = there.packets() as RequestPacket[];
  there.say(sealed(['answer', from, server.address, id, 'hello yourself']));
  expect(heard.ends).toEqual([{ payload: 'hello yourself' }]);
});

test('what is sealed in the name of another, or holds what others say, reaches nobody', async () => {
  const { here, there, asker, server, request } = twoRunners();
  const forged = sealed(request(1));
  there.say(forged);
  here.say({ ...forged, to: 0 });
  here.say({ ...forged, to: server.address + 1000, content: new Uint8Array([0xff, 0x0f, 0x41, 0xff, 0xff]) });
  here.say({ ...forged, requests: -1 });
  here.say({ ...forged, from: asker.address + 1000 });
  here.say({ ...forged, content: 7 as never });
  await turn();
  expect([...here.got, ...there.got].filter(({ type }) => type === 'sealed' || type === 'packets')).toEqual([]);
});
