import { expect, it } from 'vitest';
import { parseMessage } from '../../src/socket/inbound.ts';
import { fc } from '../support/properties.ts';

const request = (topic: string, rest: string) => `{"type":"request","topic":${JSON.stringify(topic)},"id":${rest}`;

const topic = fc.constantFrom('echo.it', 'a.b', 'quoted".x', '\u00e9.\ud83d\ude00');
const id = fc.oneof(
  fc.nat().map(String),
  fc.constantFrom('0', '-0', '-1', '007', '00', '1.5', '1e3', '"1"', 'null', ''),
  fc.constantFrom('9007199254740991', '9007199254740992', '999999999999999', '1000000000000000'),
);
const payload = fc.oneof(
  fc.json(),
  fc.constantFrom('', '{', '[1', '1]', '{},"shown":true', '{},"id":2', '{"__proto__":{"a":1}}', '"}"', ' 7 '),
);
const tail = fc.constantFrom('}', '}', '}', '}', '', '}}', '} ', '}\r', ' }');
const rest = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(id, payload, tail).map(([one, given, end]) => `${one},"payload":${given}${end}`) },
  fc.tuple(id, tail).map(([one, end]) => `${one}${end}`),
  fc.tuple(id, fc.json(), tail).map(([one, given, end]) => `${one}, "payload":${given}${end}`),
  fc.tuple(id, fc.json(), tail).map(([one, given, end]) => `${one},"shown":true,"payload":${given}${end}`),
);

it('reads a request that follows one to the same topic as it reads any other', () => {
  fc.assert(
    fc.property(topic, rest, (to, what) => {
      const line = request(to, what);
      const first = parsedAfter(request('another.topic', '1}'), line);
      expect(parsedAfter(request(to, '1,"payload":{}}'), line)).toEqual(first);
    }),
    { numRuns: 500 },
  );
});

function parsedAfter(before: string, line: string): unknown {
  parseMessage(before);
  try {
    return { message: parseMessage(line) };
  } catch (error) {
    return { error: String(error) };
  }
}
