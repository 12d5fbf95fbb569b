import type { Check } from '../check.ts';
import { fixture, type World } from '../world.ts';

export const services: Check[] = [
  {
    title: 'A service that a module registers is served by it, and listed',
    async observe({ ask, declare, view }) {
      await declare({ 'host.serves': service('abc') });
      const seen = [await ask('abc.who'), await ask('host.serves.who'), (await view('host.serves'))?.services];
      await declare({ 'host.serves': null });
      return seen;
    },
    expected: ['host.serves for abc.who: who', 'host.serves for host.serves.who: who', ['abc']],
  },
  {
    title: 'Of two services that a topic begins with the longer one is meant',
    async observe({ ask, declare }) {
      await declare({ 'host.short': service('long'), 'host.longer': service('long.er') });
      const seen = [await ask('long.er.who'), await ask('long.who')];
      await declare({ 'host.short': null, 'host.longer': null });
      return seen;
    },
    expected: ['host.longer for long.er.who: who', 'host.short for long.who: who'],
  },
  {
    title: 'A service goes with its module',
    async observe({ ask, declare, refusal }) {
      await declare({ 'host.passing': service('passing') });
      const before = await ask('passing.who');
      await declare({ 'host.passing': null });
      return [before, (await refusal('passing.who')).code];
    },
    expected: ['host.passing for passing.who: who', 'ENOSYS'],
  },
  {
    title: 'A service that is taken is EEXIST with the name of its holder; who catches that runs on',
    async observe({ ask }) {
      const { code, message } = await ask<{ code: string; message: string }>('host.probe.register', 'taken');
      return [code, message.includes('peer'), await ask('host.probe.resolves', 'still here')];
    },
    expected: ['EEXIST', true, 'still here'],
  },
  {
    title: 'A module that does not catch that a service is taken fails to start',
    async observe(world) {
      const failed = await startError(world, 'rough.taker', service('taken'));
      return [failed.code, failed.message.includes('peer')];
    },
    expected: ['EEXIST', true],
  },
  {
    title: 'A service that nobody awaits is refused all the same',
    async observe(world) {
      const failed = await startError(world, 'rough.careless', { module: fixture('never-runs.ts'), config: { how: 'registers' } });
      return [failed.code, failed.message.includes('peer')];
    },
    expected: ['EEXIST', true],
  },
];

const service = (...names: string[]) => ({ module: fixture('service.ts'), config: { services: names } });

async function startError({ declare }: World, name: string, entry: object): Promise<{ code: string; message: string }> {
  const { changes } = await declare({ [name]: { ...entry, restart: { policy: 'never' } } });
  await declare({ [name]: null });
  const error = changes.find((change) => change.name === name)?.error;
  return error ?? { code: 'none', message: 'it was loaded' };
}
