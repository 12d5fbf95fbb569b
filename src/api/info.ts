import { notLoaded } from '../engine/names.ts';
import type { InfoDoc, ModuleView } from '../model/documents.ts';
import { type ErrorCode, MusterError } from '../model/error.ts';
import type { Spec } from '../model/fields/table.ts';
import { keeperText } from '../model/keeper-text.ts';
import type { Desired } from '../model/module.ts';
import { nameProblem } from '../model/name.ts';
import { formatVersion } from '../model/plan.ts';
import { loaderOf, providers, requirementsOf } from '../model/requires.ts';
import { shownSettings } from '../model/settings.ts';
import type { ApiPorts } from './call.ts';

/**
 * What `info` tells: of the loaded module of that name or path, else of the declared one, else of the one that has a service
 * of that name, else of the module that `load` would find there. Throws what is wrong where there is no such module.
 */
export async function infoOf(target: string, views: readonly ModuleView[], ports: ApiPorts): Promise<InfoDoc> {
  const named = views.find(({ name }) => name === target);
  if (named !== undefined) return infoOfLoaded(named, ports);
  const ofPath = views.filter(({ path }) => path === target);
  if (ofPath[0] !== undefined && ofPath.length === 1) return infoOfLoaded(ofPath[0], ports);
  const loadedAs = ofPath.map(({ name }) => name);
  const declared = declaredOf(ports);
  const found = declared.get(target) ?? [...declared.values()].find(({ path }) => path === target);
  if (found !== undefined && ofPath.length === 0) return infoOfDeclared(found, ports);
  const holder = views.find(({ services }) => services.includes(target));
  if (holder !== undefined) return infoOfLoaded(holder, ports);
  return { ...(await infoOfFile(target, views, ports)), ...(loadedAs.length === 0 ? {} : { loadedAs }) };
}

function declaredOf({ engine }: ApiPorts): ReadonlyMap<string, Desired> {
  const { outcome } = engine.context;
  return outcome?.ok === true ? outcome.wanted.desired : new Map();
}

async function infoOfLoaded(view: ModuleView, ports: ApiPorts): Promise<InfoDoc> {
  const { instances } = ports.engine.context.ports;
  const spec = instances.get(view.name)?.spec;
  const trouble = view.pid === null ? null : ports.keeperTrouble();
  return {
    formatVersion,
    ...view,
    sha1: view.digest,
    exports: view.kind === 'code' ? await exportsAt(view.path, ports) : [],
    spec: spec === undefined ? null : shownSpec(spec),
    ...reloadsOf(view.name, instances.snapshot()),
    ...(trouble === null ? {} : { keeper: keeperText(trouble) }),
    output: instances.output(view.name),
    ...(instances.wire(view.name) ?? {}),
  };
}

/** Declared and not loaded: what the config says, as far as it got. */
async function infoOfDeclared(desired: Desired, ports: ApiPorts): Promise<InfoDoc> {
  const { name, spec, source, skip, problem } = desired;
  const declared = declaredOf(ports);
  const providerOf = providers(declared);
  const requiredBy = [...declared.values()].filter((other) => requirementsOf(other.spec).some((item) => providerOf(item.name) === name));
  return {
    ...(await infoOfDesired(desired, ports)),
    requiredBy: requiredBy.map((other) => other.name).sort(),
    ...reloadsOf(name, declared),
    declaredAt: source,
    notLoaded: problem?.message ?? skip?.text ?? (spec.disabled ? 'disabled' : 'declared; reconcile loads it, or says why not'),
  };
}

/** Where nothing is declared: by path, `builtin:NAME`, or by a bare name on the module path. Nothing of it is run. */
async function infoOfFile(target: string, views: readonly ModuleView[], ports: ApiPorts): Promise<InfoDoc> {
  const { sources, instances } = ports.engine.context.ports;
  const { name, module } = await sources.locate(target);
  const desired = await sources.byHand({ name: nameProblem(name) === null ? name : 'module', raw: { module }, cwd: '/' });
  const { path, problem } = desired;
  // A folder, or a path without its extension: of what is loaded from the file that it stands for there is more to tell.
  if (isPath(target) && path !== target && views.some((view) => view.path === path)) return infoOf(path, views, ports);
  const doc = await infoOfDesired(desired, ports);
  if (doc.size !== null) return { ...doc, name, spec: null, ...(problem === undefined ? {} : { notLoaded: problem.message }) };
  if (problem !== undefined && isPath(target)) {
    throw new MusterError(problem.code as ErrorCode, problem.message, problem.hint === undefined ? {} : { hint: problem.hint });
  }
  const missing = notLoaded(target, instances.snapshot());
  throw problem === undefined ? missing : new MusterError(missing.code, missing.message, { hint: problem.message });
}

function isPath(target: string): boolean {
  return target.includes('/') || target.startsWith('builtin:');
}

async function infoOfDesired({ name, kind, spec, path, codeDigest }: Desired, ports: ApiPorts): Promise<InfoDoc> {
  const file = kind === 'code' ? await ports.inspect(path) : null;
  const requirements = requirementsOf(spec);
  return {
    formatVersion,
    name,
    kind,
    path,
    size: file?.size ?? null,
    sha1: file?.sha1 ?? null,
    codeDigest,
    exports: file === null ? [] : await ports.exportsOf(file.file),
    spec: shownSpec(spec),
    services: [...spec.provides],
    service: loaderOf(spec),
    host: spec.host ?? null,
    requires: requirements.map((item) => item.name).sort(),
    output: [],
  };
}

/** Without what stands plainly under a key that looks secret. */
function shownSpec(spec: Spec): Spec {
  const free = Object.entries(spec).filter(([name]) => name === 'env' || name === 'config' || name === 'settings');
  return { ...spec, ...Object.fromEntries(free.map(([name, value]) => [name, shownSettings(value, [], (reference) => reference)])) };
}

async function exportsAt(path: string, ports: ApiPorts): Promise<string[]> {
  const file = await ports.inspect(path);
  return file === null ? [] : ports.exportsOf(file.file);
}

/** Which of its requirements take it along when they are reloaded, and whom it takes along. */
function reloadsOf(name: string, modules: ReadonlyMap<string, Pick<Desired, 'spec'>>): Pick<InfoDoc, 'reloadedWith' | 'reloads'> {
  const providerOf = providers(modules);
  const own = modules.get(name);
  const reloads = [...modules].filter(([, { spec }]) => requirementsOf(spec).some((item) => item.reload && providerOf(item.name) === name));
  return {
    reloadedWith:
      own === undefined
        ? []
        : requirementsOf(own.spec)
            .flatMap((item) => (item.reload ? [item.name] : []))
            .sort(),
    reloads: reloads.map(([other]) => other).sort(),
  };
}
