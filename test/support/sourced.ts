import type { Result } from '../../src/model/plan.ts';
import { type Repository, repository } from '../sources/git/support.ts';
import { createPlace, type Place, until } from './place.ts';
import { talk } from './talk.ts';

/** Commands that sleep for so many seconds; another number is a reload. */
export function sleepers(seconds: Record<string, number>, more = ''): string {
  const modules = Object.entries(seconds).map(([name, wait]) => `  ${name}: {command: [sleep, "${wait}"], ready: {alive: 20ms}}\n`);
  return `version: 1\nmodules:${modules.length === 0 ? ' {}' : ''}\n${modules.join('')}${more}`;
}

/** The host's own file. */
export function hostFile(url: string, git = '', more = ''): string {
  return `version: 1\nsource:\n  git:\n    url: ${url}\n    ref: {branch: main}\n    path: hosts/web1.yaml\n    interval: 300ms\n${git}${more}`;
}

const asked = '    interval: 0\n';
export const onlyAsked = (url: string, git = '', more = ''): string => hostFile(url, git, more).replace('    interval: 300ms\n', asked);

export const commit = (repo: Repository, text: string, message?: string, ...options: string[]): string =>
  repo.commit({ 'hosts/web1.yaml': text }, message, ...options);

export async function setting(host: (url: string) => string, first: string | null) {
  const place = await createPlace();
  const repo = repository(place.dir);
  const revision = first === null ? '' : commit(repo, first, 'Begin');
  await place.write('muster.yaml', host(`file://${repo.bare}`));
  return { place, repo, revision };
}

/** Used, and nothing is left to do of it. */
export async function applied(place: Place, revision: string): Promise<void> {
  await until(async () => {
    const { config, synced, lastReconcile } = await place.status();
    return config.revision === revision && synced && lastReconcile?.outcome === 'applied' && lastReconcile.trigger.includes('source');
  }, `${revision} is applied`);
}

/** `reload` as a client asks for it, without a process of its own. */
export async function reload(place: Place): Promise<Result> {
  using client = await talk(place);
  return (await client.muster('reload', {})) as Result;
}

export async function pids(place: Place): Promise<Record<string, number | null>> {
  return Object.fromEntries((await place.list()).map(({ name, pid }) => [name, pid]));
}
