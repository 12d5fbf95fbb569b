import { expect, test } from 'vitest';
import type { Plan } from '../../src/model/plan.ts';
import { fc } from '../support/properties.ts';
import { createDaemon } from './daemon.ts';
import { randomDeeds, randomPair } from './random-files.ts';

const env = { PATH: process.env.PATH ?? '', SECRET_A: 'correct-horse', SECRET_B: 'battery-staple', THERE: '1' };

/** All that a plan says but when it was made, and what only one who was not there has to say; of files that are missing each names its own. */
function said({ id, createdAt, checksum, diagnostics, ...plan }: Plan, from: string, to: string): object {
  const told = diagnostics.filter(({ code }) => !code.endsWith('NotCompared'));
  return { ...plan, diagnostics: told.map((each) => ({ ...each, message: each.message.replaceAll(from, to) })) };
}

const requests = fc.constantFrom(
  {},
  {},
  { only: ['a', 'b'] },
  { skip: ['c'] },
  { prune: 'all' as const },
  { maxRemovals: '100%' },
  { override: true },
);

test('a plan from A to B against an exported state is the plan of the daemon that has A, whatever they are', async () => {
  await fc.assert(
    fc.asyncProperty(randomPair, randomDeeds, requests, async ([a, b], deeds, request) => {
      await using daemon = await createDaemon(env, ({ args }) =>
        args.includes('y z') ? { failStart: 'no good', readyAfter: 0 } : { reconfigurable: true },
      );
      await daemon.write(a);
      await daemon.reconcile().catch(() => null);
      for (const deed of deeds) await daemon.deed(deed);
      await daemon.write(b);
      const [there, elsewhere] = [await daemon.plan(request).catch(codeOf), await daemon.planElsewhere(request).catch(codeOf)];
      if (typeof there === 'string' || typeof elsewhere === 'string') expect(elsewhere).toEqual(there);
      else expect(said(elsewhere, daemon.checkout, daemon.home)).toEqual(said(there, daemon.checkout, daemon.home));
    }),
    { numRuns: Number(process.env.MUSTER_PLANS ?? 40) },
  );
});

const codeOf = (error: { code?: string }): string => error.code ?? String(error);
