import type { Context } from '../index.ts';

interface Guest {
  readonly who: string;
  readonly at: Date;
}

/** A service: answers, streams, tells others, and takes what it knows along when it is reloaded. */
export async function main(ctx: Context): Promise<void> {
  const guests: Guest[] = ctx.restored ?? [];

  ctx.handle<{ who?: unknown } | undefined>('sign', ({ payload, from }) => {
    const who = payload?.who ?? from;
    if (typeof who !== 'string') throw Object.assign(new Error('who is a name'), { code: 'EINVAL' });
    guests.push({ who, at: new Date() });
    ctx.publish(`${ctx.name}.signed`, { who, guests: guests.length });
    return { guests: guests.length };
  });
  ctx.handle('last', () => guests.at(-1)?.who ?? null);
  ctx.handle('read', function* () {
    yield* guests; // each is one part of a stream
  });

  ctx.onStats(() => ({ guests: guests.length }));
  ctx.onSave(() => guests);
  await ctx.run();
}
