import { deepFreeze } from '../model/canonical.ts';
import type { PackageSpec } from '../model/fields/table.ts';
import type { Desired, LoadedRecord } from '../model/module.ts';
import { digestFiles, type Parts, type Resolution } from './desire.ts';
import { digestCode, digestSpec } from './digest.ts';
import { type Look, lookOnce } from './files.ts';
import { findModule } from './find-module.ts';
import { settled, unsettled } from './package.ts';

/** A module as it is recorded, with the code that its files hold now. Throws what is wrong with that. */
export async function afresh(record: LoadedRecord, parts: Parts): Promise<Resolution> {
  const { name, kind, spec, specDigest, path, source } = record;
  const look = lookOnce();
  const files = await digestFiles(spec.files, { look }, parts);
  if (kind === 'package') return packageAfresh(record, files, parts, look);
  const code = kind === 'code' ? await codeOf(path, parts, look) : null;
  const codeDigest = digestCode(code?.build.digest ?? null, [...files.values()]);
  const desired: Desired = deepFreeze({ name, kind, spec, specDigest, codeDigest, path, source });
  return { desired, code, files, command: null, accounts: null, apps: [], lasting: false };
}

/** One that runs where it is has what its folder holds; an installed one what was installed. */
async function packageAfresh(record: LoadedRecord, files: ReadonlyMap<string, string>, parts: Parts, look: Look): Promise<Resolution> {
  const { name, kind, source } = record;
  const loaded = { path: record.path, spec: record.spec as PackageSpec };
  const { packages } = parts;
  if (packages === null) throw new Error('no packages can be looked at');
  const { version, digest } = await packages.current(loaded);
  const { script, module, fields } = await packages.programOf(loaded);
  const spec = settled(unsettled(loaded.spec), fields);
  const specDigest = digestSpec(kind, spec);
  const code = module ? { file: script, build: await parts.codebase.build(script, look) } : null;
  const codeDigest = digestCode(digest, [...files.values()]);
  const desired: Desired = deepFreeze({ name, kind, spec, specDigest, codeDigest, path: script, version, source });
  return { desired, code, files, command: null, accounts: null, apps: [], lasting: false };
}

/** The files that a change of its code shows in. Those of muster's own modules do not change. */
export async function codeFiles({ kind, path, spec }: LoadedRecord, parts: Parts): Promise<readonly string[]> {
  if (kind === 'package') return [...((await parts.packages?.watched({ path, spec: spec as PackageSpec })) ?? []), ...spec.files];
  if (kind !== 'code' || path.startsWith('builtin:')) return spec.files;
  // Code that does not compile is watched by its entry: that is where to begin with mending it.
  const known = parts.codebase.known(path) ?? (await codeOf(path, parts, lookOnce()).catch(() => null))?.build;
  return [path, ...(known?.sources.keys() ?? []), ...spec.files];
}

async function codeOf(path: string, parts: Parts, look: ReturnType<typeof lookOnce>) {
  const { file } = findModule(path, { modulePath: [], builtinDir: parts.builtinDir }, look);
  return { file, build: await parts.codebase.build(file, look) };
}
