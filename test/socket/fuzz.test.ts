import { mkdtemp, rm } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { MusterError } from '../../src/model/error.ts';
import type { Message } from '../../src/model/message.ts';
import { connect } from '../../src/socket/client.ts';
import { createLineSplitter } from '../../src/socket/frames.ts';
import { parseMessage } from '../../src/socket/inbound.ts';
import { type SocketServer, serveSocket } from '../../src/socket/server.ts';
import { setting } from '../bus/setting.ts';
import { quiet } from '../support/quiet.ts';
import { seeded } from '../support/seeded.ts';

let dir = '';
let path = '';
let server: SocketServer;
let served = 0;
const { stackTraceLimit } = Error;

beforeAll(async () => {
  // Refusals by the hundred thousand, whose stacks nobody reads.
  Error.stackTraceLimit = 0;
  const { bus, runner } = setting();
  const main = runner((packet) => {
    const [kind, to, from, id] = packet;
    if (kind === 'request') main.say({ type: 'packets', packets: [['answer', from, to, id, packet[6]]] });
  });
  main.attach('m').ready();
  dir = await mkdtemp(join(tmpdir(), 'muster-fuzz-'));
  path = join(dir, 'muster.sock');
  server = await serveSocket({
    path,
    log: quiet,
    bus: bus.client,
    onRequest: ({ payload }, reply) => {
      served += 1;
      reply.send(payload);
    },
  });
});

afterAll(async () => {
  Error.stackTraceLimit = stackTraceLimit;
  await server.close();
  await rm(dir, { recursive: true, force: true });
});

const good = '{"type":"request","topic":"muster.ping","id":1}';

/** Lines that are no message, made from a seed so that a failure can be had again. */
const bad: readonly ((n: number) => string | Buffer)[] = [
  () => '',
  () => ' ',
  () => 'hello',
  () => '{',
  () => '[]',
  () => 'null',
  () => '5',
  () => '"text"',
  (n) => good.slice(0, (n % (good.length - 1)) + 1),
  (n) => good.replace('request', `re${n}`),
  () => '{"type":"request","topic":"muster.ping"}',
  () => '{"type":"request","topic":"","id":1}',
  () => '{"type":"request","topic":7,"id":1}',
  () => '{"type":"request","topic":"a","id":"1"}',
  () => '{"type":"request","topic":"a","id":1.5}',
  () => '{"type":"response","topic":"a","id":1}',
  () => '{"type":"control","topic":"cancel"}',
  () => '{"type":"control","topic":"muster.down","id":1,"payload":{}}',
  () => '{"__proto__":{"type":"request"},"topic":"a","id":1}',
  (n) => '['.repeat((n % 5000) + 1),
  (n) => Buffer.from([0xff, 0xfe, n & 0xff].filter((byte) => byte !== 0x0a)),
  () => Buffer.concat([Buffer.from('{"type":"request","topic":"a","id":1,"payload":"'), Buffer.from([0xc3, 0x28]), Buffer.from('"}')]),
  (n) => String.fromCharCode(...Array.from({ length: 20 }, (_, i) => ((n * (i + 7)) % 0x5f) + 0x20)).replace(/^\{/, 'x'),
];

/** Lines that are messages, but not what anybody means. */
const odd: readonly ((n: number) => string)[] = [
  () => '{"type":"request","topic":"nosuch.method","id":7}',
  () => '{"type":"request","topic":"m.echo","id":-1,"payload":{"__proto__":{"a":1}}}',
  (n) => `{"type":"request","topic":"${'m.'.repeat(n % 3000)}x","id":${n}}`,
  () => '{"type":"request","topic":".","id":9007199254740991}',
  () => '{"type":"request","topic":"__proto__.constructor","id":0,"id":1}',
  (n) => `{"type":"request","topic":"m.echo","id":1,"payload":${'['.repeat(n % 900)}${']'.repeat(n % 900)}}`,
  () => '{"type":"event","topic":"muster.state"}',
  (n) => `{"type":"event","topic":"${'*'.repeat(n % 1000)}x","payload":[]}`,
  () => '{"type":"control","topic":"cancel","id":7}',
  () => '{"type":"event","topic":"m.x","from":0,"to":1,"sender":"muster"}',
];

it('answers EPROTO to the line that is no message among 100,000 odd ones, closes that connection, and others notice nothing', async () => {
  const bystander = await connect({ path });
  let done = false;
  const watching = (async () => {
    let pings = 0;
    while (!done) {
      expect(await bystander.request(pings % 2 === 0 ? 'm.echo' : 'muster.ping', pings)).toBe(pings);
      pings += 1;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    return pings;
  })();
  const servedBefore = served;
  let next = 0;
  let wellServed = 0;
  await Promise.all(
    Array.from({ length: 16 }, async () => {
      while (next < 10_000) {
        const n = next++;
        const make = bad[n % bad.length];
        const line = make === undefined ? '' : make(n);
        const before = Array.from({ length: 8 }, (_, more) => (odd[(n + more * 5) % odd.length] ?? (() => good))(n + more));
        const answers = await tell([...before, ...(n % 3 === 0 ? [good, line, good] : [line, good])]);
        if (n % 3 === 0) wellServed += 1;
        const last = answers.at(-1) as Extract<Message, { type: 'response' }>;
        const isTold = last.error?.code === 'EPROTO' && answers.length <= before.length + 2;
        if (!isTold) expect.fail(`line ${n}: ${line.toString().slice(0, 100)}: ${JSON.stringify(answers).slice(0, 1000)}`);
      }
    }),
  );
  done = true;
  const pings = await watching;
  bystander.close();
  expect(served - servedBefore).toBeLessThanOrEqual(wellServed + pings);
  expect(pings).toBeGreaterThan(100);
});

it('takes or refuses each of 100,000 broken lines, and nothing else happens', () => {
  const random = seeded(20);
  const pick = (from: number) => Math.floor(random.next() * from);
  let refused = 0;
  for (let n = 0; n < 100_000; n += 1) {
    const bytes = Buffer.from(n % 2 === 0 ? good : (odd[n % odd.length] ?? (() => good))(n % 50));
    for (let changes = 0; changes <= n % 4; changes += 1) bytes[pick(bytes.length)] = pick(256);
    try {
      createLineSplitter().push(Buffer.concat([bytes, Buffer.from('\n')]), (line) => {
        if (!['request', 'event', 'control'].includes(parseMessage(line).type)) expect.fail(line);
      });
    } catch (error) {
      if (!(error instanceof MusterError) || error.code !== 'EPROTO') throw error;
      refused += 1;
    }
  }
  expect(refused).toBeGreaterThan(50_000);
});

it('closes a connection whose line is longer than a message may be, without keeping it all', async () => {
  const line = 'a'.repeat(9 * 1024 * 1024);
  const [answer] = await tell([line]);
  expect(answer).toMatchObject({ type: 'response', error: { code: 'EPROTO' } });
});

it('takes a message of nearly 8 MiB', async () => {
  const client = await connect({ path });
  const payload = 'b'.repeat(8 * 1024 * 1024 - 200);
  expect(await client.request('muster.ping', payload)).toBe(payload);
  client.close();
});

/** Sends the lines and gives what comes back until the other side closes. */
function tell(lines: readonly (string | Buffer)[]): Promise<Message[]> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = createConnection({ path, allowHalfOpen: false });
    socket.on('error', reject);
    socket.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
    socket.on('close', () =>
      resolve(
        text
          .split('\n')
          .filter(Boolean)
          .map((line) => JSON.parse(line) as Message),
      ),
    );
    socket.write(Buffer.concat(lines.flatMap((line) => [Buffer.from(line), Buffer.from('\n')])));
  });
}
