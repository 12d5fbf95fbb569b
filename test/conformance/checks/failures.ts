import { until } from '../../support/place.ts';
import type { Check } from '../check.ts';
import { fixture, type World } from '../world.ts';

export const failures: Check[] = [
  {
    title: 'process.exit ends the module that calls it, and no other',
    observe: (world) => ended(world, 'exits'),
    expected: { state: 'E', failed: true, reason: 'exited with code 3', error: 'exited with code 3', neighbour: 'untouched' },
  },
  {
    title: 'process.exit(0) of a running module is an end as it should be',
    observe: (world) => ended(world, 'exitsWell'),
    expected: { state: 'E', failed: false, reason: 'exited with code 0', error: null, neighbour: 'untouched' },
  },
  {
    title: 'An error that nobody catches is charged to the module whose timer it was',
    observe: (world) => ended(world, 'throwsInTimer'),
    expected: failed('its own, in a timer'),
  },
  {
    title: 'An error that nobody catches is charged to the module whose tick it was',
    observe: (world) => ended(world, 'throwsInTick'),
    expected: failed('its own, in a tick'),
  },
  {
    title: 'A rejection that nobody handles is charged to the module it came from',
    observe: (world) => ended(world, 'rejects'),
    expected: failed('its own, and unhandled'),
  },
  {
    title: 'An error of a function that hears an event is charged to its module',
    observe: (world) => ended(world, 'bang'),
    expected: failed('its own, at an event'),
  },
  {
    title: 'A main that throws while the module runs ends it with that error',
    observe: (world) => ended(world, 'throwsInMain'),
    expected: failed('its own, in main'),
  },
  {
    title: 'A main that returns ends the module as it should',
    observe: (world) => ended(world, 'returns'),
    expected: { state: 'E', failed: false, reason: 'main returned', error: null, neighbour: 'untouched' },
  },
  {
    title: 'A module that throws before it runs fails its load, with its text and last output',
    observe: (world) => neverRan(world, 'throws'),
    expected: { status: 'failed', code: 'EFAILED', message: true, output: true, view: ['E', true] },
  },
  {
    title: 'A module whose main returns before it runs fails its load',
    observe: (world) => neverRan(world, 'returns'),
    expected: { status: 'failed', code: 'EFAILED', message: true, output: true, view: ['E', true] },
  },
  {
    title: 'A module that exits before it runs fails its load',
    observe: (world) => neverRan(world, 'exits'),
    expected: { status: 'failed', code: 'EFAILED', message: true, output: true, view: ['E', true] },
  },
  {
    title: 'A module that does not come to run fails its load with ETIMEDOUT',
    observe: (world) => neverRan(world, 'hangs'),
    expected: { status: 'failed', code: 'ETIMEDOUT', message: true, output: true, view: ['E', true] },
  },
  {
    title: 'A module that fails is started again by its policy, and counted',
    async observe({ ask, declare, refusal, view }) {
      const restart = { policy: 'onFailure', backoff: { initial: '10ms' } };
      await declare({ 'rough.again': { module: fixture('ends.ts'), restart } });
      await refusal('rough.again.exits');
      await until(async () => (await view('rough.again'))?.restarts === 1 && (await view('rough.again'))?.state === 'R', 'it runs again');
      const seen = await view('rough.again');
      const answers = await ask('rough.again.ping').then(() => true);
      await declare({ 'rough.again': null });
      return [seen?.state, seen?.restarts, answers];
    },
    expected: ['R', 1, true],
  },
];

function failed(error: string): unknown {
  return { state: 'E', failed: true, reason: `threw: ${error}`, error, neighbour: 'untouched' };
}

/** Lets a running module end in one way, and looks what is said of it and what became of its neighbour. */
async function ended({ ask, declare, muster, view }: World, how: string): Promise<unknown> {
  const name = `rough.${how}`;
  const neighbour = async () => ({ answer: await ask('rough.hello'), ...identity(await view('rough')) });
  await declare({ [name]: { module: fixture('ends.ts'), restart: { policy: 'never' } } });
  const before = await neighbour();
  if (how === 'bang') await muster('publish', { topic: 'go.bang' });
  else await ask(`${name}.${how}`).catch(() => {});
  await until(async () => (await view(name))?.state === 'E', `${name} has ended`);
  const seen = await view(name);
  const after = await neighbour();
  await declare({ [name]: null });
  return {
    state: seen?.state,
    failed: seen?.failed,
    reason: seen?.lastExit?.reason,
    error: seen?.lastExit?.error?.split('\n', 1)[0] ?? null,
    neighbour: JSON.stringify(after) === JSON.stringify(before) ? 'untouched' : { before, after },
  };
}

const identity = (view: Awaited<ReturnType<World['view']>>) => ({
  state: view?.state,
  startedAt: view?.startedAt,
  threadId: view?.threadId,
  pid: view?.pid,
  restarts: view?.restarts,
});

/** What is said of a declared module that ends before it runs. */
async function neverRan({ declare, view }: World, how: string): Promise<unknown> {
  const name = `rough.never-${how}`;
  const entry = { module: fixture('never-runs.ts'), config: { how }, restart: { policy: 'never' } };
  const { changes } = await declare({ [name]: how === 'hangs' ? { ...entry, startTimeout: '300ms', stopTimeout: '50ms' } : entry });
  const change = changes.find((one) => one.name === name);
  const seen = await view(name);
  await declare({ [name]: null });
  return {
    status: change?.status,
    code: change?.error?.code,
    message: change?.error?.message.includes(how === 'throws' ? 'cannot begin' : name),
    // A process may not have got so far.
    output: how === 'hangs' || change?.error?.output?.join('\n').includes('the last words'),
    view: [seen?.state, seen?.failed],
  };
}
