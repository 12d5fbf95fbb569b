import type { KeeperTrouble } from './keeper.ts';

/** For people: what is wrong with the keeper process, and what to do. */
export function keeperText({ pid, since, isStopped }: KeeperTrouble): string {
  const what = `the keeper of commands (pid ${pid}) does not answer since ${since}; what runs goes on`;
  return isStopped
    ? `${what}. It is stopped: kill -CONT ${pid}, or it is soon killed, and another one takes its place`
    : `${what}. If that lasts it is killed, and another one takes its place`;
}
