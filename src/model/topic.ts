import { MusterError } from './error.ts';

/** Characters of a topic. */
export const longestTopic = 1024;

/** Why nobody but the daemon may publish under a topic; null: anybody may. */
export function publishProblem(topic: string): MusterError | null {
  if (topic === '' || topic.length > longestTopic) return new MusterError('EINVAL', `a topic has 1 to ${longestTopic} characters`);
  const isOwn = topic === 'muster' || topic.startsWith('muster.');
  if (!isOwn && !hasWord(topic)) {
    const hint = 'give it a service, as in words.changed; the service need not exist';
    return new MusterError('EINVAL', `"${topic}" cannot be published: a topic is a service and a word`, { hint });
  }
  return isOwn ? new MusterError('EPERM', `${topic}: only the daemon publishes under muster`) : null;
}

/** Whether a topic is a service and a word. */
export function hasWord(topic: string): boolean {
  const period = topic.lastIndexOf('.');
  return period > 0 && period < topic.length - 1;
}
