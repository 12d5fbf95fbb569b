import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { parse } from 'yaml';
import { importRooms } from '../support/bundle.mjs';
import { interleaved, median } from '../support/numbers.mjs';
import { row } from '../support/table.mjs';

const what = 'plan of 10,000 modules, 1 changed, from text / yaml.parse of it';
const count = 10_000;
setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc');
const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const request = { scope: null, again: new Set(), drop: new Set(), retryFailed: true, override: false, only: [], skip: [] };
const asked = { ...request, prune: null, maxRemovals: null, allowEmpty: false, onFailure: null, recursive: false, origin: 'config' };

/** One value edited in a large file: from its new text to the plan. The bytes are handed over; reading them is not counted. */
export const planning = {
  rows: [what],
  async measure({ dir, quick }) {
    const { createConfigCompiler, createResolver, plan } = await importRooms(dir, {
      createConfigCompiler: 'config/compiler.ts',
      createResolver: 'resolve/resolver.ts',
      plan: 'plan/plan.ts',
    });
    const folder = join(dir, 'planning');
    await mkdir(folder);
    let text = '';
    const path = join(folder, 'muster.yaml');
    const reader = { file: async () => ({ path, text, sha256: createHash('sha256').update(text).digest('hex') }), glob: async () => [] };
    const env = { PATH: process.env.PATH };
    const compiler = createConfigCompiler({ env, reader });
    const resolver = createResolver({ codeDir: join(folder, 'code'), key: 'bench', env, builtinDir: folder, log: quiet });
    const wanted = async () => {
      const outcome = await compiler.compile([path]);
      if (!outcome.ok) throw new Error(outcome.diagnostics[0].message);
      return { config: outcome.config, desired: await resolver.resolve(outcome.config) };
    };

    text = textOf(-1);
    const before = await wanted();
    const loaded = new Map([...before.desired.values()].map((desired) => [desired.name, loadedOf(desired)]));
    const applied = { policy: before.config.policy, names: [...loaded.keys()] };
    const target = { daemonId: 'bench', host: 'bench', serial: 1, generation: 1 };
    const rest = { loaded, holds: [], applied, request: asked, target, env: new Set(['PATH']), dryRun: true, now: 0, id: 'bench' };
    const texts = Array.from({ length: quick ? 3 : 5 }, (_, round) => textOf((round * 3571 + 17) % count));
    const [ours, theirs] = await interleaved(texts.length, [
      timed(async (round) => {
        text = texts[round];
        const { changes } = plan({ ...(await wanted()), ...rest });
        if (changes.length !== 1) throw new Error(`the plan has ${changes.length} changes`);
      }),
      timed((round) => void parse(texts[round])),
    ]);
    await resolver.dispose();
    const note = `${median(ours).toFixed(0)} ms / ${median(theirs).toFixed(0)} ms`;
    return [row(what, { value: median(ours) / median(theirs), bound: 0.1, n: texts.length, note })];
  },
};

/** Begins with a clean heap: the garbage of one must not be cleared away in the time of the other. */
function timed(fn) {
  return async (round) => {
    collectGarbage();
    const start = performance.now();
    await fn(round);
    return performance.now() - start;
  };
}

function textOf(changed) {
  const entries = Array.from({ length: count }, (_, i) => {
    const greeting = i === changed ? 'changed' : 'hello';
    return `  worker-${i}:\n    command: [sleep, "100000"]\n    env:\n      GREETING: ${greeting}\n      NUMBER: "${i}"\n    stopTimeout: 5s\n`;
  });
  return `version: 1\n\nmodules:\n${entries.join('')}`;
}

function loadedOf({ name, kind, spec, specDigest, codeDigest, path, source }) {
  const record = { name, kind, spec, specDigest, codeDigest, path, source, origin: 'config', generation: 1 };
  return Object.freeze({ ...record, state: 'R', failed: false, reconfigurable: false, started: true });
}
