import { expect, test } from 'vitest';
import type { ApiPorts, Call } from '../../src/api/call.ts';
import { viewHandlers } from '../../src/api/view.ts';
import type { StateDoc } from '../../src/model/state-doc.ts';
import { documentChecksum } from '../../src/plan/checksum.ts';
import { createDaemon } from '../offline/daemon.ts';

test('an export comes in parts where that is asked for, and whole they are what it is the checksum of', async () => {
  await using daemon = await createDaemon({ PATH: process.env.PATH ?? '' });
  const modules = Array.from({ length: 210 }, (_, index) => `  m${index}: {command: [sleep, "${index}"]}\n`).join('');
  await daemon.write({ 'muster.yaml': `version: 1\npolicy: {watch: off}\nmodules:\n${modules}` });
  await daemon.reconcile();
  const parts: StateDoc['modules'][] = [];
  const call: Call = { part: async (part) => void parts.push(part as StateDoc['modules']), signal: new AbortController().signal };
  const ports = { engine: daemon.engine } as ApiPorts;
  const rest = (await viewHandlers.export({ parts: true }, call, ports)) as StateDoc;
  expect(parts.map(({ length }) => length)).toEqual([200, 10]);
  expect(rest.modules).toEqual([]);
  const { checksum, ...state } = { ...rest, modules: parts.flat() };
  expect(documentChecksum(state)).toBe(checksum);
  expect(((await viewHandlers.export({}, call, ports)) as StateDoc).modules).toEqual(parts.flat());
});
