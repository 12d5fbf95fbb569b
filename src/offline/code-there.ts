import type { CodeSpec, PackageSpec, Spec } from '../model/fields/table.ts';
import type { Desired, Entry } from '../model/module.ts';
import type { LoadedState } from '../model/state-doc.ts';
import { declaredPath } from '../resolve/desire.ts';
import { digestCode } from '../resolve/digest.ts';
import { createFileDigests, lookOnce } from '../resolve/files.ts';
import { isBare } from '../resolve/find-module.ts';
import { problemOf } from '../resolve/problem.ts';
import type { Resolver } from '../resolve/resolver.ts';

/** What is known here of the code of a module that runs elsewhere. `unknown`: it is taken as it is loaded. */
export interface CodeThere extends Pick<Desired, 'codeDigest' | 'path' | 'version' | 'problem'> {
  readonly unknown?: true;
}

export interface CodeSide {
  /** The entry with paths as they are here, and as they are there; the same object where they are the same. */
  readonly here: Entry;
  readonly there: Entry;
  readonly loaded: LoadedState | undefined;
  readonly modulePath: { readonly here: readonly string[]; readonly there: readonly string[] };
  /** Whether the daemon is of the same version: else what comes with muster is not what comes with it here. */
  readonly sameVersion: boolean;
}

/** The code as it lies here, where it moves along with the config; of what lies elsewhere on that machine nothing can be told. */
export async function codeThere({ here, there, loaded, modulePath, sameVersion }: CodeSide, resolver: Resolver): Promise<CodeThere> {
  const declared = declaredPath(there);
  if (there.spec.disabled) return { codeDigest: null, path: declared };
  const asLoaded = takenOver(there, loaded);
  const away = here !== there;
  if (loaded?.withheld === true) return asLoaded;
  if (there.kind === 'package') return isSamePackage(there.spec, loaded) ? asLoaded : { codeDigest: null, path: declared };
  if (away && here.spec.files.some((file) => there.spec.files.includes(file))) return asLoaded;
  if (there.kind === 'command') return { ...(await digestOfFiles(here)), path: declared };
  const { module } = there.spec as CodeSpec;
  const isBuiltin = module.startsWith('builtin:');
  if (isBuiltin && !sameVersion) return asLoaded;
  if (away && !isBuiltin && !isBare(module) && module === (here.spec as CodeSpec).module) return asLoaded;
  const found = await resolver.resolveOne(stripped(here), null, modulePath.here);
  // A bare name may be found on $MUSTER_MODULE_PATH there.
  if (found.problem?.code === 'ENOENT' && isBare(module)) return asLoaded;
  const path = isBuiltin ? found.path : movedTo(found.path, (here.spec as CodeSpec).module, module, modulePath);
  return { codeDigest: found.codeDigest, path, ...(found.problem === undefined ? {} : { problem: found.problem }) };
}

function takenOver(entry: Entry, loaded: LoadedState | undefined): CodeThere {
  if (loaded?.kind !== entry.kind) return { codeDigest: null, path: declaredPath(entry), unknown: true };
  const { codeDigest, path, version } = loaded;
  return { codeDigest, path, ...(version === undefined ? {} : { version }), unknown: true };
}

/** What the config asks for, not what is installed for it. */
export function isSamePackage(spec: Spec, loaded: LoadedState | undefined): boolean {
  return loaded?.kind === 'package' && (spec as PackageSpec).package === (loaded.spec as PackageSpec).package;
}

/** Nothing but its code: neither secrets nor users of that machine need to be here. */
function stripped(entry: Entry): Entry {
  const { user, group, groups, umask, rlimits, noNewPrivileges, ...spec } = entry.spec as CodeSpec;
  return { ...entry, spec: { ...spec, noNewPrivileges: false } as CodeSpec, secrets: [] };
}

async function digestOfFiles({ spec: { files } }: Entry): Promise<Pick<CodeThere, 'codeDigest' | 'problem'>> {
  const [digests, look] = [createFileDigests(), lookOnce()];
  const found: string[] = [];
  for (const file of files) {
    try {
      found.push(await digests.digest(file, look));
    } catch (error) {
      return { codeDigest: null, problem: problemOf(error, `${file}, listed in files,`) };
    }
  }
  return { codeDigest: digestCode(null, found) };
}

/** Where that is which was found here: the entry of a folder stands below it, and a bare name in a folder of the module path. */
function movedTo(path: string, from: string, to: string, modulePath: CodeSide['modulePath']): string {
  if (!isBare(to)) return path.startsWith(from) ? to + path.slice(from.length) : path;
  const index = modulePath.here.findIndex((folder) => path.startsWith(`${folder}/`));
  return index === -1 ? path : `${modulePath.there[index]}${path.slice(modulePath.here[index]?.length)}`;
}
