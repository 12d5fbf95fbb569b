/** What npm takes as a package, as far as muster has to tell one from another. */
export type PackageSpecKind =
  | { readonly kind: 'local'; readonly path: string }
  | { readonly kind: 'registry'; readonly name: string; readonly range: string }
  | { readonly kind: 'git' }
  | { readonly kind: 'other' };

const local = /^(?:\.{1,2}(?:$|\/)|\/|file:)/i;
const archive = /\.(?:tgz|tar|tar\.gz)$/i;
const git = /^(?:git\+|git:|git@|ssh:|github:|gitlab:|bitbucket:|gist:)|^[^@/:~\s][^@/:\s]*\/[^@/:\s]+$|^https?:.*\.git(?:#.*)?$/;
const registry = /^(@[\w.~-]+\/[\w.~-]+|[\w.~-]+)(?:@(.*))?$/;
/** After a name and an @ it is a version, a range or a tag, of that package or of another. */
const range = /^(?!\.)(?!.*\.(?:tgz|tar|tar\.gz)$)(?:npm:(?:@[\w.~-]+\/)?[\w.~-]+@?)?[^/:@]*$/i;

export function packageSpecKind(spec: string): PackageSpecKind {
  const hasScheme = /^[a-z+]+:/.test(spec);
  if (local.test(spec)) return { kind: 'local', path: spec.replace(/^file:(?:\/\/(?=\/))?/i, '') };
  if (git.test(spec)) return { kind: 'git' };
  const [, name, after] = registry.exec(spec) ?? [];
  if (name !== undefined && after !== undefined) {
    if (range.test(after)) return { kind: 'registry', name, range: after };
    // It is the name under which npm is to have what comes after it.
    return packageSpecKind(after).kind === 'registry' ? { kind: 'other' } : packageSpecKind(after);
  }
  if (!hasScheme && archive.test(spec)) return { kind: 'local', path: spec };
  return name === undefined ? { kind: 'other' } : { kind: 'registry', name, range: '' };
}

/** One version of a package of the registry, also of one that has another name here. */
export function exactly({ name, range }: { readonly name: string; readonly range: string }, version: string): string {
  const alias = /^npm:@?[^@]+/i.exec(range);
  return alias === null ? `${name}@${version}` : `${name}@${alias[0]}@${version}`;
}

const fromElsewhere = [
  // Of a registry: what comes after the name is no path and no URL, for there is no slash and no colon in it.
  /^(?:@\w[\w.-]*\/)?\w[\w.-]*(?:@npm:(?:@\w[\w.-]*\/)?\w[\w.-]*)?(?:@[\w+~^<>=|*-][\w.+~^<>=|* -]*)?$/,
  /^(?:https?|git|git\+https?):\/\/[^/\s\\-][^/\s\\]*\/\S*$/,
  // Of what has a colon after the host npm makes an address that git reads in its own way.
  /^(?:git\+ssh:\/\/(?:\w[\w.-]*@)?\w[\w.-]*(?::\d+\/|[:/])|git@\w[\w-]*(?:\.[\w-]+)+:)(?!\/\/)[^:#\s]+(?:#[^-\s]\S*)?$/,
  /^(?:(?:github:|gitlab:|bitbucket:)?\w[\w.-]*\/\w[\w.-]*|gist:\w+)(?:#[^-\s]\S*)?$/,
];

/** Whether it comes from a registry or another host, as each npm reads it. What is in no known form may name a file of this one. */
export function isFromElsewhere(spec: string): boolean {
  return packageSpecKind(spec).kind !== 'local' && fromElsewhere.some((form) => form.test(spec));
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

/** The entry that a module of a package is of: of a package with several programs each is a module, `ENTRY.APP`. */
export function packageModule(name: string, { app }: { readonly app?: string | undefined }): string {
  return app !== undefined && name.endsWith(`.${app}`) ? name.slice(0, -app.length - 1) : name;
}
