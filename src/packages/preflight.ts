import { basename, extname, join, resolve, sep } from 'node:path';
import { MusterError } from '../model/error.ts';
import type { PackageProgram } from '../model/package.ts';
import { asWord } from '../model/package-spec.ts';
import { type AppSettings, appSettings } from './apps.ts';
import { type Entry, readManifest } from './manifest.ts';

/** What a preflight sees of the files of a package. */
export interface PackageLook {
  isFile(path: string): boolean;
  /** How a file begins; empty where it cannot be read. */
  begin(path: string): string;
  /** The names that a file of code exports. */
  exportsOf(path: string): readonly string[];
}

export interface PreflightOptions {
  /** Of the package, where it will lie. */
  readonly folder: string;
  /** Text of its package.json. */
  readonly manifest: string;
  readonly look: PackageLook;
  /** The program of Node. */
  readonly node: string;
  readonly nodeVersion: string;
  readonly cpus: number;
}

export interface Preflight {
  readonly name: string;
  readonly version: string;
  readonly programs: readonly PackageProgram[];
  readonly notes: readonly string[];
  readonly dependencies: readonly string[];
}

/** From a package.json to what is to run. Throws what keeps it from running, before anything is stopped for it. */
export function preflight(options: PreflightOptions): Preflight {
  const { folder, look } = options;
  const file = join(folder, 'package.json');
  const manifest = readManifest(options.manifest, file);
  const { name, version, field, entries } = manifest;
  const notes: string[] = [];
  const programs = entries.flatMap((entry, index): PackageProgram[] => {
    const settings = appSettings(entry, options.cpus);
    const place = entries.length === 1 ? field : `${field}[${index}]`;
    if (settings.passedOver.length > 0) notes.push(`${place} of ${name}: passed over ${settings.passedOver.join(', ')}`);
    const script = findScript(entry, `"${place}" of ${file}`, options);
    const isModule = field === 'main' && look.exportsOf(script).includes('main');
    const interpreter = isModule ? [] : interpreterOf(script, settings.interpreter, options);
    const program = {
      ...{ name, version, folder, script, module: isModule, defaults: manifest.config },
      cwd: resolve(folder, settings.cwd ?? '.'),
      interpreter,
      node: isModule || interpreter[0] === options.node ? options.nodeVersion : null,
      env: settings.env,
      maxMemory: settings.maxMemory,
      shutdownMessage: settings.shutdownMessage,
      fields: settings.fields,
    };
    const app = entries.length === 1 ? null : appName(entry, index);
    if (app !== null && typeof entry.name === 'string' && entry.name !== app) {
      notes.push(`${place} of ${name}: ${JSON.stringify(entry.name)} is called ${app} here`);
    }
    return numbered(settings, app).map((each) => ({ ...program, ...each }));
  });
  refuseDoubles(programs, file);
  return { name, version, programs, notes, dependencies: manifest.dependencies };
}

/** Each instance is a program of its own. */
function numbered({ instances }: AppSettings, app: string | null): Pick<PackageProgram, 'app' | 'instance'>[] {
  if (instances === 1) return [{ app, instance: 0 }];
  return Array.from({ length: instances }, (_, instance) => ({ app: app === null ? String(instance) : `${app}-${instance}`, instance }));
}

function appName({ name, script }: Entry, index: number): string {
  const said = typeof name === 'string' ? name : basename(script, extname(script));
  return asWord(said) || String(index);
}

function refuseDoubles(programs: readonly PackageProgram[], file: string): void {
  const seen = new Set<string | null>();
  for (const { app } of programs) {
    if (seen.has(app)) throw new MusterError('EINVAL', `several entries of ${file} are named "${app}"`, { hint: 'give each a "name"' });
    seen.add(app);
  }
}

/** As Node finds a main file. */
function findScript({ script }: Entry, place: string, { folder, look }: PreflightOptions): string {
  const path = resolve(folder, script);
  const beside = path === folder ? [] : [path, ...['.js', '.cjs', '.mjs'].map((extension) => path + extension)];
  const candidates = [...beside, join(path, 'index.js')];
  const found = candidates.find((each) => look.isFile(each));
  if (path !== folder && !path.startsWith(folder + sep)) {
    throw new MusterError('EINVAL', `${place} names the script ${script}, which lies outside the package (${path})`, {
      hint: 'a package runs what it brings along; another program is a command: of its own',
    });
  }
  if (found !== undefined) return found;
  throw new MusterError('ENOENT', `${place} names the script ${script}, which does not exist (${path})`);
}

const interpreters: Readonly<Record<string, string>> = {
  '.sh': 'bash',
  '.py': 'python3',
  '.rb': 'ruby',
  '.pl': 'perl',
  '.php': 'php',
};

/** Without one said, by the name of the script; one without an extension says it itself, in its first line. */
function interpreterOf(script: string, said: string | null, { node, look }: PreflightOptions): string[] {
  if (said === 'none') return [];
  if (said === 'node') return [node];
  if (said !== null) return [said];
  const extension = extname(script);
  const known = interpreters[extension];
  if (known !== undefined) return [known];
  const begin = extension === '' ? look.begin(script) : '';
  return begin.startsWith('#!') && !/^#!.*\bnode\b/.test(begin) ? [] : [node];
}
