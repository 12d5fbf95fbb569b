import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createPlace, until } from '../support/place.ts';
import { rawClient } from '../support/raw-client.ts';
import { talk } from '../support/talk.ts';
import { identities } from '../support/untouched.ts';
import { within } from '../support/within.ts';

const fixture = (file: string) => join(import.meta.dirname, 'fixtures', file);
const mebibyte = 1024 * 1024;

test('44. who sends what is no message is told and disconnected, and nobody else sees of it', async () => {
  await using place = await createPlace(
    `version: 1\nmodules:\n  tiny: ${fixture('tiny.mjs')}\n  various: ${fixture('answers-variously.mjs')}\n`,
  );
  await place.up();
  using daemon = await talk(place);
  const before = identities(await place.list());
  const waits = daemon.refusal('various.never');
  const bad = [
    'hello\n',
    '[]\n',
    '{"type":"request"}\n',
    '{"type":"nosuch","topic":"tiny.echo","id":1}\n',
    `"${'x'.repeat(9 * mebibyte)}"\n`,
  ];
  for (const line of bad) {
    using client = await rawClient(place);
    client.write(line);
    await client.closed;
    expect(client.messages().at(-1)).toMatchObject({ error: { code: 'EPROTO' } });
    expect(await daemon.ask('tiny.echo', 'still')).toBe('still');
  }
  expect(identities(await place.list())).toEqual(before);
  expect(await Promise.race([waits, Promise.resolve('waits on')])).toBe('waits on');
});

test('45. while a module floods the bus with events, others answer and the daemon lives on', async () => {
  await using place = await createPlace(
    `version: 1
modules:
  floods: ${fixture('floods.mjs')}
  hears: {module: ${fixture('hears.mjs')}, args: ["flood.*", "flood.never"]}
  apart: {module: ${fixture('hears.mjs')}, args: ["flood.*"], isolation: process}
  tiny: ${fixture('tiny.mjs')}
`,
  );
  await place.up();
  using daemon = await talk(place);
  const pid = await place.pid();
  let over = false;
  const flood = daemon.ask('floods.floods', 200_000).finally(() => {
    over = true;
  });
  let answered = 0;
  while (!over || answered < 20) {
    await within(2000, () => daemon.ask('tiny.echo', 1));
    answered += 1;
  }
  expect(await flood).toBe(200_000);
  for (const name of ['hears', 'apart']) {
    await until(async () => (await daemon.ask<number>(`${name}.count`)) > 0, 'some of it was heard');
  }
  expect(await place.pid()).toBe(pid);
  expect((await place.list()).map(({ state, restarts }) => [state, restarts])).toEqual(Array(4).fill(['R', 0]));
});
