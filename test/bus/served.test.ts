import { expect, it } from 'vitest';
import { streamWindow } from '../../src/model/bus.ts';
import { setting, turn } from './setting.ts';

it('lets modules ask the daemon, in streams too, and stops when they give up or go', async () => {
  const { bus, runner } = setting();
  const main = runner();
  const asker = main.attach('asker', { control: 'read' });
  const signals: AbortSignal[] = [];
  let sentParts = 0;
  bus.serve(async (topic, payload, request) => {
    const { from, signal } = request;
    signals.push(signal);
    if (topic !== 'muster.logs') return { topic, payload, from: [from.name, from.control] };
    for (; !signal.aborted; sentParts += 1) await request.part(sentParts);
    return 'end';
  });
  const ask = (id: number, topic: string) =>
    main.say({ type: 'packets', packets: [['request', 0, asker.address, id, 'muster', topic, { id }, 'asker']] });
  ask(1, 'muster.ping');
  await turn();
  await turn();
  expect(main.packets()).toEqual([['answer', asker.address, 0, 1, { topic: 'muster.ping', payload: { id: 1 }, from: ['asker', 'read'] }]]);
  ask(2, 'muster.logs');
  await turn();
  await turn();
  expect(sentParts).toBeLessThanOrEqual(streamWindow);
  main.say({ type: 'packets', packets: [['credit', 0, asker.address, 2, 10]] });
  await turn();
  await turn();
  expect(main.packets().filter(([kind]) => kind === 'part').length).toBe(streamWindow + 10);
  main.say({ type: 'packets', packets: [['cancel', 0, asker.address, 2]] });
  await turn();
  expect(signals[1]?.aborted).toBe(true);
  expect(main.packets().at(-1)?.[0]).toBe('part');
  ask(3, 'muster.logs');
  await turn();
  asker.ended();
  expect(signals[2]?.aborted).toBe(true);
});
