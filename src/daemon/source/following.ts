import { canonicalJson } from '../../model/canonical.ts';
import type { SecretRef } from '../../model/fields/kit.ts';
import { oneByOne } from '../../model/one-by-one.ts';
import type { Clock, Log, Random } from '../../model/ports.ts';
import type { GitSpec, GitWebhook } from '../../model/source.ts';
import { serveWebhook } from '../../sources/git/webhook.ts';
import { createPolling } from './polling.ts';

export interface FollowingOptions {
  readonly clock: Clock;
  readonly random: Pick<Random, 'next'>;
  readonly log: Log;
  secret(ref: SecretRef): Promise<string>;
  /** Looks for a new commit; never rejects. */
  look(): Promise<void>;
}

/** When a repository is looked at without being asked: by the time, and when it says so. */
export interface Following {
  /** As the config has it now. */
  follow(spec: GitSpec | null): void;
  close(): Promise<void>;
}

/** A port that an earlier daemon still has is free soon; one that another program has may be some day. */
const retryMs = 5000;

export function createFollowing({ clock, random, log, secret, look }: FollowingOptions): Following {
  const polling = createPolling({ clock, random, look });
  const turn = oneByOne();
  let following = '';
  let wanted: GitWebhook | null = null;
  let listening: { readonly key: string; close(): Promise<void> } | null = null;
  let closed = false;

  /** Brings what listens to what is wanted by now. */
  const listen = (): void => {
    const attempt = async (): Promise<void> => {
      const webhook = closed ? null : wanted;
      const key = webhook === null ? '' : canonicalJson([webhook.listen, webhook.secret.secret]);
      if ((listening?.key ?? '') === key) return;
      await listening?.close();
      listening = null;
      if (webhook === null) return;
      try {
        const server = await serveWebhook({ webhook, secret: () => secret(webhook.secret), onPush: polling.now, clock, log });
        listening = { key, close: server.close };
        log.info({ at: server.address }, 'listening for pushes');
      } catch (error) {
        log.warn({ at: webhook.listen, err: error }, 'cannot listen for pushes; looking at the interval goes on');
        clock.after(retryMs, listen);
      }
    };
    void turn(attempt);
  };

  return {
    follow(spec) {
      if (closed) return;
      const key = spec === null ? '' : canonicalJson({ ...spec, interval: 0, webhook: null });
      polling.every(spec?.interval ?? 0, spec !== null && key !== following);
      following = key;
      wanted = spec?.webhook ?? null;
      listen();
    },
    async close() {
      closed = true;
      polling.close();
      await turn(async () => {});
      listen();
      await turn(async () => {});
    },
  };
}
