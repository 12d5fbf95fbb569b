import { describe, expect, it } from 'vitest';
import { asker, makeWorld } from './ports.ts';

describe('what a module may ask of the daemon', () => {
  const { ask, world } = makeWorld([{ name: 'a' }], { publish: () => {} });
  world.stats.set('a', {});
  const code = (method: string, payload: unknown, control: 'none' | 'read' | 'apply') =>
    ask(method, payload, { from: asker(control) }).then(
      () => 'done',
      (error: { code?: string }) => error.code,
    );

  it('is only whether it is there, where control says nothing', async () => {
    expect(await code('ping', {}, 'none')).toBe('done');
    for (const [method, payload] of [
      ['list', {}],
      ['stats', { name: 'a' }],
      ['down', {}],
    ] as const) {
      await expect(ask(method, payload, { from: asker('none') })).rejects.toMatchObject({
        code: 'EPERM',
        message: expect.stringMatching(/^panel may ask nothing of the daemon: muster\.\w+ needs control: (?:read|apply)$/),
        hint: expect.stringContaining('in the config'),
      });
    }
  });

  it('is to look, with read', async () => {
    expect(await code('list', {}, 'read')).toBe('done');
    expect(await code('stats', { name: 'a' }, 'read')).toBe('done');
    expect(await code('stats', { name: 'a', clear: true }, 'read')).toBe('EPERM');
    expect(await code('debug', { name: 'a', op: 'clear' }, 'read')).toBe('EPERM');
    expect(await code('remove', { names: ['a'] }, 'read')).toBe('EPERM');
    expect(await code('publish', { topic: 'a.b' }, 'read')).toBe('EPERM');
  });

  it('is everything, with apply; bad options are told first', async () => {
    expect(await code('stats', { name: 'a', clear: true }, 'apply')).toBe('done');
    expect(await code('publish', { topic: 'a.b' }, 'apply')).toBe('done');
    expect(await code('remove', { bad: 1 }, 'none')).toBe('EINVAL');
    expect(await code('nosuch', {}, 'apply')).toBe('ENOSYS');
  });
});

describe('muster.list', () => {
  const { ask } = makeWorld([
    { name: 'gateway.status', service: 'gateway' },
    { name: 'gateway-2' },
    { name: 'gateway', services: ['http'] },
    { name: 'x', service: 'http' },
  ]);
  const names = async (payload: object): Promise<string[]> =>
    ((await ask('list', payload)) as { modules: { name: string }[] }).modules.map(({ name }) => name);

  it('has all modules by name, or only what a service loaded', async () => {
    expect(await names({})).toEqual(['gateway', 'gateway-2', 'gateway.status', 'x']);
    expect(await names({ service: 'gateway' })).toEqual(['gateway.status']);
    expect(await names({ service: 'http' })).toEqual(['x']);
    expect(await names({ service: 'muster' })).toEqual(['gateway', 'gateway-2']);
    expect(await names({ service: 'gateway-2' })).toEqual([]);
  });

  it('knows no service that nobody registered', async () => {
    await expect(names({ service: 'gatewai' })).rejects.toMatchObject({
      code: 'ENOSYS',
      message: 'no service "gatewai"; did you mean gateway?',
    });
  });
});
