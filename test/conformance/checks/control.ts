import type { Check } from '../check.ts';
import type { World } from '../world.ts';

export const control: Check[] = [
  {
    title: 'A module without control only pings the daemon',
    observe: (world) => answers(world, 'none'),
    expected: { ping: 'answered', list: 'EPERM', status: 'EPERM', dryRun: 'EPERM', reload: 'EPERM', publish: 'EPERM', nothing: 'ENOSYS' },
  },
  {
    title: 'A module with control read looks at everything and changes nothing',
    observe: (world) => answers(world, 'read'),
    expected: {
      ping: 'answered',
      list: 'answered',
      status: 'answered',
      dryRun: 'answered',
      reload: 'EPERM',
      publish: 'EPERM',
      nothing: 'ENOSYS',
    },
  },
  {
    title: 'A module with control apply changes what is loaded',
    observe: (world) => answers(world, 'apply'),
    expected: {
      ping: 'answered',
      list: 'answered',
      status: 'answered',
      dryRun: 'answered',
      reload: 'answered',
      publish: 'answered',
      nothing: 'ENOSYS',
    },
  },
];

async function answers({ ask }: World, control: string): Promise<Record<string, unknown>> {
  const requests = {
    ping: ['ping'],
    list: ['list'],
    status: ['status'],
    dryRun: ['reconcile', { dryRun: true }],
    reload: ['reload', { name: 'host.target' }],
    publish: ['publish', { topic: 'by.control', payload: 1 }],
    nothing: ['nothingOfThatName'],
  };
  const seen: Record<string, unknown> = {};
  for (const [key, [method, payload]] of Object.entries(requests)) {
    const asked = await ask<{ code?: string }>(`host.${control}.ask`, { topic: `muster.${method}`, payload });
    seen[key] = 'answer' in asked ? 'answered' : asked.code;
  }
  return seen;
}
