import type { ModuleStats, Rusage, RusageOf } from '../model/documents.ts';
import { MusterError } from '../model/error.ts';
import type { Clock, Timer } from '../model/ports.ts';
import type { FromRunner, ModuleUsage, ToRunner } from './protocol.ts';

/** What can be asked of a runner. Each answer comes within a bound, also where its modules hang, or the promise rejects. */
export interface Questions {
  usage(figures: boolean): Promise<readonly ModuleUsage[]>;
  stats(id: number, options: { clear: boolean }): Promise<ModuleStats>;
  rusage(id: number, who: RusageOf): Promise<Rusage>;
  answered(message: Answer): void;
  /** The runner has ended. */
  close(reason: string): void;
}

type Answer = Extract<FromRunner, { type: 'usage' | 'stats' | 'rusage' }>;
type Question = Extract<ToRunner, { type: Answer['type'] }>;

/** Views wait for these. */
const usageMs = 250;
/** Those of a thousand threads take some 30 ms. */
const figuresMs = 2000;
/** A runner's main thread runs no code of modules; if it takes this long the machine is at its end. */
const answerMs = 5000;

export function createQuestions({ post, clock }: { post(message: ToRunner): void; clock: Clock }): Questions {
  const open = new Map<number, { answer(message: Answer): void; fail(error: Error): void; limit: Timer }>();
  let calls = 0;

  function ask<K extends Answer['type']>(type: K, ms: number, question: (call: number) => Question): Promise<Extract<Answer, { type: K }>> {
    calls += 1;
    const call = calls;
    return new Promise((resolve, reject) => {
      const limit = clock.after(ms, () => {
        open.delete(call);
        reject(new MusterError('ETIMEDOUT', `the runner did not say its ${type} within ${ms} ms`));
      });
      open.set(call, { answer: (message) => resolve(message as Extract<Answer, { type: K }>), fail: reject, limit });
      post(question(call));
    });
  }

  return {
    usage: async (figures) => (await ask('usage', figures ? figuresMs : usageMs, (call) => ({ type: 'usage', call, figures }))).modules,
    stats: async (id, { clear }) => (await ask('stats', answerMs, (call) => ({ type: 'stats', call, id, clear }))).stats,
    rusage: async (id, who) => (await ask('rusage', answerMs, (call) => ({ type: 'rusage', call, id, who }))).rusage,
    answered(message) {
      const question = open.get(message.call);
      open.delete(message.call);
      question?.limit.cancel();
      question?.answer(message);
    },
    close(reason) {
      for (const { fail, limit } of open.values()) {
        limit.cancel();
        fail(new MusterError('EHOSTUNREACH', reason));
      }
      open.clear();
    },
  };
}
