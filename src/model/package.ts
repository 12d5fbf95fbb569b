import type { PackageSpec } from './fields/table.ts';

/** What an installed npm package runs, as its package.json says; absolute paths. */
export interface PackageProgram {
  /** As package.json says it, with its scope; not the name of the module. */
  readonly name: string;
  readonly version: string;
  /** The package's folder, in which its program runs. */
  readonly folder: string;
  /** Where it runs: the folder, unless package.json says another. */
  readonly cwd: string;
  readonly script: string;
  /** The program that runs the script and its own arguments; empty: the script is executed itself. */
  readonly interpreter: readonly string[];
  /** The version of Node that runs it; null: another program does. */
  readonly node: string | null;
  /** Under what the config says. */
  readonly env: Readonly<Record<string, string>>;
  /** `config` of package.json: defaults under what the config file and `set` say. */
  readonly defaults: Readonly<Record<string, unknown>>;
  /** Whether it exports `main(ctx, args)` for muster, and so runs as a module rather than as a program with PM2's wire. */
  readonly module: boolean;
  /** Which one it is where package.json has several; null: the only one. */
  readonly app: string | null;
  /** Which of several instances of the same program, from 0. */
  readonly instance: number;
  /** Whether it is told to stop by the message `shutdown` too. */
  readonly shutdownMessage: boolean;
  /** Bytes above which it is started again; null: it may take what it wants. */
  readonly maxMemory: number | null;
  /** What package.json says of fields of the config, which hold where the config says nothing else. */
  readonly fields: PackageFields;
}

export interface PackageFields {
  readonly args?: PackageSpec['args'];
  readonly stopTimeout?: PackageSpec['stopTimeout'];
  readonly restart?: PackageSpec['restart'];
}

/** A package that a module is to run. */
export interface AskedPackage {
  /** The module; null: to be named by the package. */
  readonly module: string | null;
  /** As npm takes it; local paths are absolute. */
  readonly spec: string;
  readonly allowScripts: boolean;
  /** What it must be; null: what the spec gives. */
  readonly pin: PackagePin | null;
}

/** One exact content of a package, as `muster.lock` has it. */
export interface PackagePin {
  readonly version: string;
  /** Of its archive; null where there is none, as of a git repository, whose commit `resolved` names. */
  readonly integrity: string | null;
  readonly resolved: string | null;
}

export interface InstalledPackage {
  /** SHA-256 (hex): equal exactly where the content is. */
  readonly digest: string;
  /** As package.json says it. */
  readonly name: string;
  readonly version: string;
  /** At least one. */
  readonly programs: readonly PackageProgram[];
  /** What its user should know: what was passed over. */
  readonly notes: readonly string[];
  /** Null: it runs where it is. */
  readonly pin: PackagePin | null;
  /** What runs of it has been taken away; a staging puts it back. */
  readonly lost?: true;
}

/** How an installation goes on, and how it is ended. */
export interface Staging {
  readonly signal?: AbortSignal | undefined;
  /** Asks again what the spec gives, also where something is installed for it. */
  readonly fresh?: boolean;
  /** The one module whose package may be installed; absent: all. */
  readonly only?: string;
  /** In words, what it is at. */
  progress?(what: string): void;
}

/** Versions in the registry: the newest that the spec takes, and the newest. */
export interface NewerVersions {
  readonly wanted: string | null;
  readonly latest: string | null;
}

/** What is known of a loaded package. */
export interface LoadedPackage {
  readonly path: string;
  readonly spec: PackageSpec;
}

/** What `muster.lock` says: by name of the module. */
export type PackageLock = ReadonlyMap<string, LockedPackage>;

export interface LockedPackage extends PackagePin {
  /** The spec of the config that this was resolved from. */
  readonly spec: string;
}

/** Packages in the state dir, and those that run where they are. */
export interface Packages {
  /** What is there, or was; null: it is not installed yet. Asks nobody but the disk; throws what is wrong with the package. */
  find(asked: AskedPackage): Promise<InstalledPackage | null>;
  /** Installs it, where it is not, beside all that is in use. Throws what kept it from that; then nothing is left of it. */
  stage(asked: AskedPackage, staging: Staging): Promise<InstalledPackage>;
  /** What a loaded one is now: of one that runs where it is, what its files hold; else what was installed. */
  current(loaded: LoadedPackage): Promise<InstalledPackage>;
  /** What it runs, put back where somebody has taken it away; throws where that is no longer whole. */
  programOf(loaded: LoadedPackage): Promise<PackageProgram>;
  /** Files and folders in which a change of one that runs where it is shows; none of those that are installed. */
  watched(loaded: LoadedPackage): Promise<readonly string[]>;
  /** The lock in the folder of a config file; null: none. Throws where it is damaged. */
  lock(folder: string): Promise<PackageLock | null>;
  /** What is newer than what is installed; null where that cannot be told, as of a folder. */
  newer(loaded: LoadedPackage, staging: Staging): Promise<NewerVersions | null>;
  /** Whether anything is installed. */
  any(): boolean;
  /** Removes what no path in `wanted` lies in, and was not asked for just now or has a path in `done`. */
  prune(wanted: ReadonlySet<string>, done?: ReadonlySet<string>): Promise<void>;
}
