import type { Desired } from '../../src/model/module.ts';
import type { EngineBench } from './bench.ts';

const fetchMs = 3;
const nothing = { path: 'muster.yaml', subject: null, author: null, signer: null, fetchedAt: null, since: null, problem: null };

/** Has the config of an engine come from a repository: what is pushed is used once somebody fetches it. */
export function createRepository({ engine, files, clock }: EngineBench): { push(modules: Desired[]): void } {
  const { sources } = engine.context.ports;
  const { read } = sources;
  const commits: Desired[][] = [];
  let used: number | null = null;
  const use = (commit: number): void => {
    used = commit;
    files.modules = commits[commit] ?? [];
  };
  Object.assign(sources, {
    source: () => ({ kind: 'git', url: 'sim', ref: 'main', ...nothing, revision: used === null ? null : String(used) }),
    async sync(_applied, signal) {
      await new Promise<void>((resolve) => clock.after(fetchMs, resolve));
      if (signal.aborted) return false;
      const moved = used !== commits.length - 1;
      use(commits.length - 1);
      return moved;
    },
    async restoreRevision(revision: string) {
      use(Number(revision));
      return true;
    },
    async read() {
      const outcome = await read(undefined);
      if (!outcome.ok) return outcome;
      const { config, desired } = outcome.wanted;
      return { ok: true, wanted: { desired, config: { ...config, revision: String(used) } } };
    },
  } satisfies Partial<typeof sources>);
  return { push: (modules) => void commits.push(modules) };
}
