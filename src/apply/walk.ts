import type { Change, ChangeStatus } from '../model/plan.ts';

export interface WalkOptions {
  changes: readonly Change[];
  /** How many may be under way at once. */
  concurrency: number;
  /** How many running modules may be down for a reload at once. Such a batch is done before the next one begins. */
  maxUnavailable: number;
  execute(change: Change, blockedBy: string | null): Promise<ChangeStatus>;
  /** False once nothing new may start; what has not started is then `notRun`. */
  mayStart(): boolean;
}

/**
 * Walks the graph of changes: each starts when all that it comes `after` are done, however they ended. Ties go by the
 * order of the plan. Resolves when nothing is under way and nothing more may start.
 */
export function walk(options: WalkOptions): Promise<Map<string, ChangeStatus>> {
  const { changes, concurrency, maxUnavailable, execute, mayStart } = options;
  const statuses = new Map<string, ChangeStatus>();
  const names = new Set(changes.map((change) => change.name));
  const waiting = new Map(changes.map((change) => [change.name, change.after.filter((name) => names.has(name)).length]));
  const followers = followersOf(changes);
  const ready = changes.filter((change) => waiting.get(change.name) === 0);
  let underWay = 0;
  let reloading = 0;
  /** Of the batch under way, with those that are done. */
  let batch = 0;

  return new Promise((resolve, reject) => {
    const finish = (change: Change, status: ChangeStatus): void => {
      statuses.set(change.name, status);
      for (const follower of followers.get(change.name) ?? []) {
        const left = (waiting.get(follower.name) ?? 0) - 1;
        waiting.set(follower.name, left);
        if (left === 0) ready.push(follower);
      }
    };
    const advance = (): void => {
      while (mayStart() && underWay < concurrency) {
        const next = ready.findIndex((change) => change.action !== 'reload' || batch < maxUnavailable);
        const [change] = next === -1 ? [] : ready.splice(next, 1);
        if (change === undefined) break;
        underWay += 1;
        const isReload = change.action === 'reload';
        if (isReload) {
          reloading += 1;
          batch += 1;
        }
        execute(change, blockerOf(change, statuses)).then((status) => {
          underWay -= 1;
          if (isReload) reloading -= 1;
          if (reloading === 0) batch = 0;
          finish(change, status);
          advance();
        }, reject);
      }
      if (underWay > 0) return;
      for (const change of changes) if (!statuses.has(change.name)) statuses.set(change.name, 'notRun');
      resolve(statuses);
    };
    advance();
  });
}

function followersOf(changes: readonly Change[]): Map<string, Change[]> {
  const followers = new Map<string, Change[]>();
  for (const change of changes) {
    for (const name of change.after) {
      const list = followers.get(name);
      if (list === undefined) followers.set(name, [change]);
      else list.push(change);
    }
  }
  return followers;
}

/** The first of the changes without which it makes no sense that did not come about. */
function blockerOf(change: Change, statuses: ReadonlyMap<string, ChangeStatus>): string | null {
  return change.needs?.find((name) => !['ok', 'reverted', undefined].includes(statuses.get(name))) ?? null;
}
