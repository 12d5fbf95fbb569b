/** What an installed npm package runs, as its package.json says; absolute paths. */
export interface PackageProgram {
  /** As package.json says it, with its scope; not the name of the module. */
  readonly name: string;
  readonly version: string;
  /** The package's folder, in which its program runs. */
  readonly folder: string;
  readonly script: string;
  /** The program that runs the script and its own arguments; empty: the script is executed itself. */
  readonly interpreter: readonly string[];
  readonly args: readonly string[];
  /** Under what the config says. */
  readonly env: Readonly<Record<string, string>>;
  /** `config` of package.json: defaults under what the config file and `set` say. */
  readonly defaults: Readonly<Record<string, unknown>>;
  /** Whether it exports `main(ctx, args)` for muster, and so runs as a module rather than as a program with PM2's wire. */
  readonly module: boolean;
}
