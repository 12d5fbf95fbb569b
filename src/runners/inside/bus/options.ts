import type { RequestOptions } from '../../../model/context.ts';
import { MusterError } from '../../../model/error.ts';
import { hasWord, longestTopic } from '../../../model/topic.ts';

/** Timers of Node know no longer ones. */
const longestTimeoutMs = 2 ** 31 - 1;

/** What a request was given beside its payload, checked: modules are not bound to their types. */
export interface CheckedOptions {
  /** ms. */
  readonly timeout: number | null;
  readonly signal: AbortSignal | null;
}

/** Throws EINVAL, or ECANCELED where the signal is aborted already. */
export function checkedOptions(topic: string, options: RequestOptions | null | undefined): CheckedOptions {
  if (options === undefined || options === null) return nothing;
  const { timeout = null, signal = null } = options;
  if (timeout !== null && !(typeof timeout === 'number' && timeout > 0)) {
    throw new MusterError('EINVAL', `the timeout of ${topic} is a number of ms above 0, not ${String(timeout)}`);
  }
  if (signal !== null && !(signal instanceof AbortSignal)) throw new MusterError('EINVAL', `the signal of ${topic} is no AbortSignal`);
  if (signal?.aborted) throw canceled(topic, signal);
  return { timeout: timeout !== null && timeout > longestTimeoutMs ? null : timeout, signal };
}

/** Throws EINVAL for what cannot be the topic of any message. */
export function checkedTopic(topic: unknown): string {
  if (typeof topic !== 'string') throw new MusterError('EINVAL', 'a topic is text, as in greeter.hello');
  if (topic === '' || topic.length > longestTopic) throw new MusterError('EINVAL', `a topic has 1 to ${longestTopic} characters`);
  return topic;
}

/** The topic without its last word: what routes are looked up by. Throws EINVAL for what cannot be asked. */
export function checkedPrefix(topic: string): string {
  if (!hasWord(checkedTopic(topic))) {
    throw new MusterError('EINVAL', `"${topic}" cannot be asked: a topic is a service and a word, as in greeter.hello`);
  }
  return topic.slice(0, topic.lastIndexOf('.'));
}

export function canceled(topic: string, { reason }: AbortSignal): MusterError {
  return new MusterError('ECANCELED', `${topic} was canceled`, { cause: reason });
}

const nothing: CheckedOptions = { timeout: null, signal: null };
