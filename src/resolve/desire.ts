import { deepFreeze } from '../model/canonical.ts';
import { closedTo } from '../model/closed.ts';
import type { Environment } from '../model/environment.ts';
import { MusterError } from '../model/error.ts';
import type { CodeSpec, CommandSpec, PackageSpec, Spec } from '../model/fields/table.ts';
import type { Identity } from '../model/keeper.ts';
import { leastBytes } from '../model/mask/forms.ts';
import type { Desired, Entry, Note } from '../model/module.ts';
import type { PackageLock, Packages, Staging } from '../model/package.ts';
import { argumentProblem } from '../model/program.ts';
import type { Accounts } from './accounts.ts';
import type { Build, Codebase } from './code.ts';
import { type Command, commandChecks } from './command-check.ts';
import { digestCode, digestSpec } from './digest.ts';
import { moduleEnvironment } from './environment.ts';
import { nameIn } from './exports.ts';
import { type FileDigests, type Look, lookOnce } from './files.ts';
import { findModule, isBare, plainName } from './find-module.ts';
import { asksIdentity, identityOf, type Self } from './identity.ts';
import { findPackage } from './package.ts';
import { type Problem, problem, problemOf, toError } from './problem.ts';
import { withFingerprints } from './secret-places.ts';
import type { Secrets } from './secrets.ts';

export interface Parts {
  readonly env: Environment;
  readonly builtinDir: string;
  readonly codebase: Codebase;
  readonly digests: FileDigests;
  readonly secrets: Secrets;
  readonly accounts: Accounts;
  readonly self: Self;
  /** Null: none can be looked at, so that none is known to be installed. */
  readonly packages: Packages | null;
  unable(spec: Spec, identity: Identity | null): Problem | null;
}

/** One pass over the world. */
export interface Pass {
  readonly look: Look;
  readonly modulePath: readonly string[];
  /** Of packages; null: there is none; an error: it cannot be read. */
  readonly lock: PackageLock | MusterError | null;
  /** Null: nothing is installed, only looked at. */
  readonly staging: Staging | null;
  check(command: Command): Problem | null;
  fingerprint(reference: string): Promise<string>;
}

/** A module as it should be, with what it was made of, so that a later pass can tell whether it still is. */
export interface Resolution {
  readonly desired: Desired;
  /** Of a module with code that compiled. */
  readonly code: { readonly file: string; readonly build: Build } | null;
  /** Content of `files`. */
  readonly files: ReadonlyMap<string, string>;
  readonly command: Command | null;
  /** As of what version of the accounts there is a user to run it as; null: nobody is asked for. */
  readonly accounts: string | null;
  /** What a package has several of, by `app`; empty: it is what it is. */
  readonly apps: readonly string[];
  /** False if it must be asked for anew each time: it has secrets, or a problem, or is a package. */
  readonly lasting: boolean;
}

export function startPass(parts: Parts, modulePath: readonly string[], of: Partial<Pick<Pass, 'lock' | 'staging'>> = {}): Pass {
  const look = lookOnce();
  return { look, modulePath, lock: null, staging: null, ...of, check: commandChecks(look), fingerprint: parts.secrets.pass() };
}

/** Whether the resolution is what a new one would be; without reading any file. */
export function stillHolds({ desired, code, files, command, accounts, lasting }: Resolution, pass: Pass, parts: Parts): boolean {
  if (!lasting) return false;
  for (const [file, digest] of files) if (!parts.digests.isStill(file, digest, pass.look)) return false;
  if (accounts !== null && parts.accounts.version(pass.look) !== accounts) return false;
  if (command !== null) return pass.check(command) === null;
  if (code === null) return true;
  try {
    const named = (desired.spec as CodeSpec).module;
    const { file } = findModule(named, { modulePath: pass.modulePath, builtinDir: parts.builtinDir }, pass.look);
    return file === code.file && parts.codebase.isCurrent(file, code.build, pass.look);
  } catch {
    return false;
  }
}

/** Asks the world all that a plan must know of the module. Never throws for the module's fault: that is its `problem`. */
export async function desire(entry: Entry, pass: Pass, parts: Parts): Promise<Resolution> {
  // The planner does not load it, whatever the world says; so neither secrets nor files are touched for it.
  if (entry.spec.disabled) return resolution(entry, { spec: entry.spec, path: declaredPath(entry) });
  const outcome: Outcome = { spec: entry.spec, path: declaredPath(entry) };
  let identity: Identity | null = null;
  try {
    if (entry.secrets.length > 0) await readSecrets(entry, outcome, pass, parts);
    outcome.files = await digestFiles(entry.spec.files, pass, parts);
    if (asksIdentity(outcome.spec)) {
      outcome.accounts = parts.accounts.version(pass.look);
      identity = (await identityOf(outcome.spec, parts.accounts, parts.self)).identity;
    }
    if (entry.kind !== 'command') refuse(parts.unable(outcome.spec, identity));
    if (entry.kind === 'command') checkCommand(entry.spec as CommandSpec, identity, outcome, pass, parts);
    if (entry.kind === 'code') await findCode(entry.spec as CodeSpec, outcome, pass, parts);
    if (entry.kind === 'package') await findPackage(entry.name, outcome.spec as PackageSpec, outcome, pass, parts);
  } catch (error) {
    outcome.problem = problemOf(error, `module ${entry.name}`);
  }
  return resolution(entry, outcome);
}

function refuse(found: Problem | null): void {
  if (found !== null) throw toError(found);
}

export interface Outcome {
  spec: Spec;
  path: string;
  /** Of an installed package. */
  version?: string;
  digest?: string;
  notes?: Note[];
  /** What is said of secrets that are too short to be found in text. */
  shortSecrets?: readonly Note[];
  apps?: readonly string[];
  code?: Resolution['code'];
  files?: Map<string, string>;
  command?: Command;
  accounts?: string;
  problem?: Problem;
}

function resolution(entry: Entry, outcome: Outcome): Resolution {
  const { spec, path, version, apps = [], code = null, files = new Map(), command = null, accounts = null, problem: found } = outcome;
  const notes = [...(outcome.shortSecrets ?? []), ...(outcome.notes ?? [])];
  const desired: Desired = {
    name: entry.name,
    kind: entry.kind,
    spec,
    specDigest: spec === entry.spec ? entry.digest : digestSpec(entry.kind, spec),
    codeDigest: digestCode(outcome.digest ?? code?.build.digest ?? null, [...files.values()]),
    path,
    ...(version === undefined ? {} : { version }),
    source: null,
    ...(notes.length === 0 ? {} : { notes }),
    ...(found === undefined ? {} : { problem: found }),
  };
  const lasting = found === undefined && entry.secrets.length === 0 && entry.kind !== 'package';
  return { desired: deepFreeze(desired), code, files, command, accounts, apps, lasting: lasting || spec.disabled };
}

/** What is run, as the config says it. */
export function declaredPath({ kind, spec }: Pick<Entry, 'kind' | 'spec'>): string {
  if (kind === 'command') return (spec as CommandSpec).command[0] ?? '';
  return kind === 'code' ? (spec as CodeSpec).module : (spec as { package: string }).package;
}

async function readSecrets(entry: Entry, outcome: Outcome, pass: Pass, { secrets }: Parts): Promise<void> {
  const short: string[] = [];
  const read = async (reference: string, path: readonly string[]): Promise<string> => {
    try {
      const fingerprint = await pass.fingerprint(reference);
      if (secrets.isShort(fingerprint)) short.push(path.join('.'));
      return fingerprint;
    } catch (error) {
      const { code, message, hint } = problemOf(error, 'it');
      throw toError(problem(code as 'ENOENT', `the secret ${path.join('.')} cannot be read: ${message}`, hint));
    }
  };
  outcome.spec = await withFingerprints(entry.spec, entry.secrets, read, secrets.seal);
  outcome.shortSecrets = short.map((field) => ({ code: 'secretShort', text: shortText(field) }));
}

const shortText = (field: string): string =>
  `the secret ${field} has less than ${leastBytes} bytes: it is hidden in this field, and shown wherever else it stands`;

/** Throws, naming the file that cannot be read. */
export async function digestFiles(files: readonly string[], pass: Pick<Pass, 'look'>, parts: Parts): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const file of files) {
    try {
      found.set(file, await parts.digests.digest(file, pass.look));
    } catch (error) {
      throw toError(problemOf(error, `${file}, listed in files,`));
    }
  }
  return found;
}

function checkCommand(spec: CommandSpec, identity: Identity | null, outcome: Outcome, pass: Pass, parts: Parts): void {
  const path = moduleEnvironment(parts.env, { PATH: parts.env.PATH ?? null, ...pick(spec.env, 'PATH') }).PATH;
  const command = { argv0: spec.command[0] ?? '', cwd: spec.cwd, path };
  const refused =
    argumentProblem([...spec.command, ...spec.args], { arg0: spec.arg0, cwd: spec.cwd }) ??
    parts.unable(spec, identity) ??
    pass.check(command) ??
    closedTo(identity, command.argv0, command.cwd, pass.look.stat);
  outcome.command = command;
  if (refused !== null) outcome.problem = refused;
}

function pick(env: Readonly<Record<string, unknown>>, name: string): Record<string, unknown> {
  return typeof env[name] === 'string' || env[name] === null ? { [name]: env[name] } : {};
}

async function findCode(spec: CodeSpec, outcome: Outcome, pass: Pass, parts: Parts): Promise<void> {
  const { file, shown } = findModule(spec.module, { modulePath: pass.modulePath, builtinDir: parts.builtinDir }, pass.look);
  outcome.path = shown;
  outcome.code = { file, build: await parts.codebase.build(file, pass.look) };
  if (isBare(spec.module)) await checkName(plainName(spec.module), file);
}

/** Two modules of the module path may have files of one name; what one exports says which it is. */
async function checkName(name: string, file: string): Promise<void> {
  const exported = await nameIn(file);
  if (exported === null || exported === name) return;
  const hint = `name it by its path, ${file}, or look it up as ${exported}`;
  throw new MusterError('EINVAL', `${file} was found as "${name}", but names itself "${exported}"`, { hint });
}
