import type { Published } from '../../../model/context.ts';
import { MusterError } from '../../../model/error.ts';
import { globMatches } from '../../../model/glob.ts';
import type { FromRealm } from '../../protocol.ts';
import type { ModuleHere } from './realm-bus.ts';
import type { Turn } from './turn.ts';

/** Topics whose subscribers are remembered. */
const mostTopics = 1024;

export interface Subscription {
  readonly module: ModuleHere;
  readonly glob: string;
  readonly fn: (event: Published) => unknown;
  /** Not ended since. */
  on: boolean;
}

export interface Match {
  readonly subscription: Subscription;
  /** Of those of its module that match. */
  readonly first: boolean;
}

/** Who of this realm wants which events; the runner is told the globs of all, once a turn. */
export interface Subscriptions {
  add(module: ModuleHere, glob: string, fn: (event: Published) => unknown): () => void;
  /** In the order in which they subscribed. */
  matching(topic: string): readonly Match[];
  leave(module: ModuleHere): void;
}

export function createSubscriptions({ post, turn }: { post(message: FromRealm): void; turn: Turn }): Subscriptions {
  const all = new Set<Subscription>();
  const byTopic = new Map<string, readonly Match[]>();
  let told = '';
  let changed = false;

  turn.atEnd(() => {
    if (!changed) return;
    changed = false;
    const globs = [...new Set([...all].map(({ glob }) => glob))].sort();
    const text = globs.join('\n');
    if (text === told) return;
    told = text;
    post({ type: 'subscribed', globs });
  });

  function change(): void {
    byTopic.clear();
    changed = true;
    turn.wake();
  }

  function end(subscription: Subscription): void {
    subscription.on = false;
    if (all.delete(subscription)) change();
  }

  function find(topic: string): Match[] {
    const matching = [...all].filter(({ glob }) => globMatches(glob, topic));
    const modules = new Set<ModuleHere>();
    return matching.map((subscription) => {
      const first = !modules.has(subscription.module);
      modules.add(subscription.module);
      return { subscription, first };
    });
  }

  return {
    add(module, glob, fn) {
      if (typeof glob !== 'string' || glob === '') throw new MusterError('EINVAL', 'a glob of topics is text, as in heartbeat.*');
      if (typeof fn !== 'function') throw new MusterError('EINVAL', `what subscribes ${glob} is no function`);
      const subscription = { module, glob, fn, on: true };
      all.add(subscription);
      change();
      return () => end(subscription);
    },
    matching(topic) {
      const known = byTopic.get(topic);
      if (known !== undefined) return known;
      if (byTopic.size >= mostTopics) byTopic.clear();
      const found = find(topic);
      byTopic.set(topic, found);
      return found;
    },
    leave(module) {
      for (const subscription of all) if (subscription.module === module) end(subscription);
    },
  };
}
