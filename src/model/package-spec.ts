/** What npm takes as a package, as far as muster has to tell one from another. */
export type PackageSpecKind =
  | { readonly kind: 'local'; readonly path: string }
  | { readonly kind: 'registry'; readonly name: string; readonly range: string }
  | { readonly kind: 'git' }
  | { readonly kind: 'other' };

const local = /^(?:\.{1,2}(?:$|\/)|\/|file:)/;
const archive = /\.(?:tgz|tar|tar\.gz)$/i;
const git = /^(?:git\+|git:|git@|ssh:|github:|gitlab:|bitbucket:|gist:)|^[^@/:\s]+\/[^@/:\s]+$|^https?:.*\.git(?:#.*)?$/;
const registry = /^(@[\w.~-]+\/[\w.~-]+|[\w.~-]+)(?:@(.*))?$/;

export function packageSpecKind(spec: string): PackageSpecKind {
  const hasScheme = /^[a-z+]+:/.test(spec);
  if (local.test(spec) || (!hasScheme && archive.test(spec))) return { kind: 'local', path: spec.replace(/^file:(?:\/\/(?=\/))?/, '') };
  if (git.test(spec)) return { kind: 'git' };
  const [, name, range = ''] = registry.exec(spec) ?? [];
  return name === undefined ? { kind: 'other' } : { kind: 'registry', name, range };
}

/** npm takes some texts for a package of the name `undefined`, others for options. */
export function isPackageSpec(spec: string): boolean {
  return /^[^-\s]/.test(spec) && !/\s$/.test(spec);
}

/** The spec with a local path made absolute by `absolute`. */
export function withAbsolutePath(spec: string, absolute: (path: string) => string): string {
  const found = packageSpecKind(spec);
  return found.kind === 'local' ? absolute(found.path) : spec;
}

/** As one word of a name of a module; empty if nothing of it can be in one. */
export function asWord(text: string): string {
  return text.replace(/[^\w-]+/g, '-').replace(/^-+|-+$/g, '');
}

/** The name of the module that a package gives: without its scope, and without what only services have in their names. */
export function moduleNameOf(packageName: string): string {
  return asWord(packageName.replace(/^@[^/]*\//, ''));
}
