import type { Clock } from '../model/ports.ts';
import type { Run } from './run.ts';

export type Answer<T> = { readonly is: 'given'; readonly value: T } | { readonly is: 'late' } | { readonly is: 'gone' };

/** What a run answers, which may end or hang instead. Rejects with what it throws. */
export async function answerOf<T>(run: Run, asked: Promise<T>, ms: number, clock: Clock): Promise<Answer<T>> {
  const cleanUp: (() => void)[] = [];
  const other = new Promise<Answer<T>>((resolve) => {
    const timer = clock.after(ms, () => resolve({ is: 'late' }));
    cleanUp.push(
      () => timer.cancel(),
      run.whenGone.add(() => resolve({ is: 'gone' })),
    );
  });
  try {
    return await Promise.race([asked.then((value): Answer<T> => ({ is: 'given', value })), other]);
  } finally {
    for (const undo of cleanUp) undo();
  }
}
