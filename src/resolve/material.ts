import { deepFreeze } from '../model/canonical.ts';
import { MusterError } from '../model/error.ts';
import type { PackageSpec } from '../model/fields/table.ts';
import type { Material } from '../model/instances.ts';
import type { LoadedRecord } from '../model/module.ts';
import type { PackageProgram } from '../model/package.ts';
import { configOf, configVariables, mergedConfig } from '../model/package-config.ts';
import type { Build } from './code.ts';
import type { CodeStore } from './code-store.ts';
import type { Parts } from './desire.ts';
import { digestCode } from './digest.ts';
import { moduleEnvironment } from './environment.ts';
import { lookOnce } from './files.ts';
import { findModule } from './find-module.ts';
import { identityOf } from './identity.ts';
import { withValues } from './secret-places.ts';

/** What is asked of a module to start it, be it desired, loaded, or of an old generation. */
export type Startable = Pick<LoadedRecord, 'name' | 'kind' | 'spec' | 'codeDigest' | 'path'>;

/** Everything a start needs. `build` is the code if it was compiled lately; else it is in the state dir or compiled anew. */
export async function materialOf(module: Startable, build: Build | null, parts: Parts, store: CodeStore): Promise<Material> {
  const { env, config } = (await withValues({ env: module.spec.env, config: configOf(module.spec) }, parts.secrets.value)) as {
    env: Record<string, unknown>;
    config: Record<string, unknown>;
  };
  const { identity, user } = await identityOf(module.spec, parts.accounts, parts.self);
  const program = await programOf(module, parts);
  const whole = program === null ? config : mergedConfig(program.defaults, config);
  const own = program === null ? env : { ...program.env, ...configVariables(program.name, whole), ...env };
  return {
    env: deepFreeze(moduleEnvironment(parts.env, own, user)),
    config: deepFreeze(whole),
    codeFile: module.kind === 'code' || program?.module === true ? await codeFileOf(module, build, parts, store) : null,
    ...(identity === null ? {} : { identity }),
    ...(program === null ? {} : { program }),
  };
}

/** What a package runs, as it is now; null: it is none. */
async function programOf({ kind, path, spec, name }: Startable, { packages }: Parts): Promise<PackageProgram | null> {
  if (kind !== 'package') return null;
  if (packages !== null && path.startsWith('/')) return packages.programOf({ path, spec: spec as PackageSpec });
  throw new MusterError('ENOENT', `the package of ${name} is not installed`, { hint: 'muster reload' });
}

async function codeFileOf(module: Startable, build: Build | null, parts: Parts, store: CodeStore): Promise<string> {
  const digest = module.codeDigest;
  if (digest === null) throw new MusterError('EINVAL', `there is no compiled code of "${module.name}"`);
  if (!(await store.has(digest))) {
    const output = build?.output ?? (await compileAgain(module, parts)).output;
    if (output !== null) await store.keep(digest, output);
  }
  if (build !== null) build.output = null;
  return store.path(digest);
}

/** For code that is no more in the state dir. It must be what it was when the plan was made, or when it was loaded. */
async function compileAgain(module: Startable, parts: Parts): Promise<Build> {
  const look = lookOnce();
  const { file } = findModule(module.path, { modulePath: [], builtinDir: parts.builtinDir }, look);
  const build = await parts.codebase.rebuild(file);
  // The digest of a package covers all that is in it, and what is installed does not change.
  if (module.kind === 'package') return build;
  const files = await Promise.all(module.spec.files.map((path) => parts.digests.digest(path, look)));
  if (digestCode(build.digest, files) === module.codeDigest) return build;
  throw new MusterError('ESTALE', `the code of "${module.name}" is not what it was when this was planned (${file})`, {
    hint: 'run it again',
  });
}
