import type { Notification, NotifiedChange } from '../model/notify.ts';
import { formatVersion } from '../model/plan.ts';
import type { News } from './decide.ts';

const mostListed = 50;
const mostText = 500;

export interface About {
  readonly id: string;
  readonly at: number;
  readonly daemon: Notification['daemon'];
  readonly generation: number;
  readonly revision: string | null;
}

/** The document that is sent: bounded, whatever happened. */
export function messageOf(news: News, { id, at, daemon, generation, revision }: About): Notification {
  const run = 'run' in news ? news.run : null;
  const changes = run?.changes ?? [];
  return {
    ...{ formatVersion, id, at: new Date(at).toISOString(), event: news.event },
    text: cut(`${daemon.name} on ${daemon.host}: ${sentence(news)}`),
    ...{ daemon, generation, revision },
    planId: run?.planId ?? null,
    trigger: run?.trigger ?? null,
    by: run?.by ?? null,
    reason: run?.reason ?? null,
    outcome: run?.outcome ?? null,
    exitCode: run?.exitCode ?? null,
    summary: run?.summary ?? null,
    changes: changes.slice(0, mostListed).map((change) => ({ ...change, error: change.error === null ? null : cut(change.error) })),
    moreChanges: Math.max(0, changes.length - mostListed),
    errors: (run?.errors ?? []).slice(0, mostListed).map(cut),
    unhealthy: 'unhealthy' in news ? news.unhealthy.slice(0, mostListed).map(({ name, reason }) => ({ name, reason: cut(reason) })) : [],
    drift: 'drift' in news ? news.drift.slice(0, mostListed) : [],
  };
}

function sentence(news: News): string {
  switch (news.event) {
    case 'applied':
    case 'failed': {
      const { trigger, by, changes, outcome, errors } = news.run;
      const who = by === null ? trigger : `${trigger} by ${by}`;
      const parts = changes.length > 0 ? changes.map(changeText) : errors;
      return `${news.event === 'applied' ? 'applied' : outcome} (${who})${parts.length === 0 ? '' : `: ${listed(parts)}`}`;
    }
    case 'drifted':
      return `drifted: ${listed(news.drift.map(({ name, text }) => `${name} ${text}`))}`;
    case 'degraded':
      return `not healthy: ${listed(news.unhealthy.map(({ name, reason }) => `${name}: ${reason}`))}`;
    case 'recovered': {
      const well = news.names.filter((name) => !news.gone.includes(name));
      const parts = [
        ['healthy again', well],
        ['not loaded any more', news.gone],
      ] as const;
      return parts.flatMap(([what, names]) => (names.length === 0 ? [] : [`${what}: ${listed(names)}`])).join('; ');
    }
  }
}

function changeText({ name, action, status, error }: NotifiedChange): string {
  return `${action} ${name}${status === 'ok' ? '' : ` ${status}${error === null ? '' : ` (${error})`}`}`;
}

const mostNamed = 5;

function listed(parts: readonly string[]): string {
  const shown = parts.slice(0, mostNamed).join(', ');
  return parts.length > mostNamed ? `${shown} and ${parts.length - mostNamed} more` : shown;
}

function cut(text: string): string {
  return text.length > mostText ? `${text.slice(0, mostText)}…` : text;
}
