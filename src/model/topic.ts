import { MusterError } from './error.ts';

/** Characters of a topic. */
export const longestTopic = 1024;

/** Why nobody but the daemon may publish under a topic; null: anybody may. */
export function publishProblem(topic: string): MusterError | null {
  if (topic === '' || topic.length > longestTopic) return new MusterError('EINVAL', `a topic has 1 to ${longestTopic} characters`);
  const isOwn = topic === 'muster' || topic.startsWith('muster.');
  return isOwn ? new MusterError('EPERM', `${topic}: only the daemon publishes under muster`) : null;
}
