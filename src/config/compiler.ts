import { createHash } from 'node:crypto';
import { deepFreeze } from '../model/canonical.ts';
import type { ConfigOutcome, ConfigSet, FileText, Reader } from '../model/config-set.ts';
import { isError } from '../model/diagnostic.ts';
import { readAlternatives } from './alternatives.ts';
import { assemble } from './assemble.ts';
import type { Bounds } from './bounds.ts';
import { declarations } from './declared.ts';
import { createFindings, sorted } from './findings.ts';
import { type Gathering, gatherLayer, type Layer } from './gather.ts';
import type { Environment } from './interpolate.ts';
import { readNotify } from './notify.ts';
import { readOnce } from './read-once.ts';
import type { Observed } from './said.ts';
import { createSession, type Session } from './session.ts';
import { checkSet } from './set-checks.ts';
import { readSource } from './source.ts';
import { readModulePath, readPolicy } from './top.ts';

export interface ConfigCompilerOptions {
  /** For interpolation, and $MUSTER_MODULE_PATH; must not change. */
  env: Environment;
  reader: Reader;
  /** Told what each entry was made of that is not known from before. */
  observe?(observed: Observed): void;
}

/** A file from elsewhere that says what is to run, under what the host's own files say. */
export interface SourcedFile {
  /** Absolute, below `bounds.root`. */
  readonly file: string;
  readonly bounds: Bounds;
  /** Of what lies below `bounds.root`. */
  readonly reader: Reader;
  /** What was read is of this commit. */
  readonly revision: string | null;
}

export interface ConfigCompiler {
  /**
   * From files (`-c`, absolute, in their order) to a checked config, or to all that is wrong with it. Never throws for
   * what stands in files. The same set as before if no byte has changed; the same entries where the text means the same.
   * Where the files name a `source` and `sourced` is not given, the set has no modules.
   */
  compile(files: readonly string[], sourced?: SourcedFile): Promise<ConfigOutcome>;
}

/** What is remembered of one list of files. */
interface Memory {
  readonly session: Session;
  last: { readonly inputs: string; readonly outcome: ConfigOutcome } | null;
  config: ConfigSet | null;
  /** Patterns that matched something. */
  matched: ReadonlySet<string>;
}

/** The daemon's own files, and a few that someone asked to be planned. */
const mostRemembered = 4;

/** Reads and checks configs; remembers what it has seen, so that what has not changed costs little. */
export function createConfigCompiler({ env, reader, observe }: ConfigCompilerOptions): ConfigCompiler {
  const memories = new Map<string, Memory>();
  const remember = (files: readonly string[]): Memory => {
    const id = files.join('\0');
    const memory = memories.get(id) ?? { session: createSession(), last: null, config: null, matched: new Set() };
    memories.delete(id);
    memories.set(id, memory);
    for (const oldest of memories.keys()) if (memories.size > mostRemembered) memories.delete(oldest);
    return memory;
  };

  return {
    async compile(files, sourced) {
      const memory = remember(sourced === undefined ? files : [...files, sourced.file]);
      const pass = { env, observe, reader: readOnce(reader), memory, sourced: sourced && { ...sourced, reader: readOnce(sourced.reader) } };
      // Layers are merged as trees, so that a part alone says nothing. What comes from elsewhere is judged as a whole.
      const inParts = files.length === 1 && sourced === undefined ? await compileOnce(files, { ...pass, inParts: true }) : null;
      return inParts ?? (await compileOnce(files, { ...pass, inParts: false })) ?? impossible();
    },
  };
}

interface Pass {
  readonly env: Environment;
  readonly reader: Reader;
  readonly memory: Memory;
  readonly inParts: boolean;
  readonly sourced: SourcedFile | undefined;
  readonly observe: ConfigCompilerOptions['observe'];
}

/** Null if files have to be read as a whole to say anything. */
async function compileOnce(
  files: readonly string[],
  { env, reader, memory, inParts, sourced, observe }: Pass,
): Promise<ConfigOutcome | null> {
  const findings = createFindings();
  const gathering: Gathering = {
    ...{ env, reader, findings, observe, bounds: null, matchedBefore: memory.matched, incomplete: false },
    ...{ asked: new Set(), watch: new Set(), globs: new Map() },
    unit: (file) => memory.session.unit(file, findings, inParts),
  };
  const layers: Layer[] = [];
  for (const file of files) layers.push(await gatherLayer(file, gathering));
  const further = sourced && { ...gathering, reader: sourced.reader, bounds: sourced.bounds };
  const from = sourced && further ? await gatherLayer(sourced.file, further) : null;
  if (further?.incomplete) gathering.incomplete = true;
  const inputs = inputsOf(from === null ? layers : [...layers, from], gathering, sourced);
  if (!gathering.incomplete && memory.last?.inputs === inputs) return memory.last.outcome;

  const outcome = evaluate(layers, from, further ?? gathering, { memory, revision: sourced?.revision ?? null });
  if (outcome === null) return null;
  const matched = [...gathering.globs].filter(([, found]) => found.length > 0).map(([pattern]) => pattern);
  memory.matched = new Set(outcome.ok ? matched : [...memory.matched, ...matched]);
  memory.last = gathering.incomplete ? null : { inputs, outcome };
  if (outcome.ok) memory.config = outcome.config;
  if (outcome.ok) memory.session.keep(gathering.asked);
  return outcome;
}

interface Known {
  readonly memory: Memory;
  readonly revision: string | null;
}

function evaluate(hosts: readonly Layer[], sourced: Layer | null, gathering: Gathering, known: Known): ConfigOutcome | null {
  const { env, findings, asked, watch } = gathering;
  const { memory, revision } = known;
  const assembled = assemble(hosts, sourced, gathering, memory.session);
  if (assembled === null) return null;
  const layers = sourced === null ? hosts : [...hosts, sourced];
  const { root, modules } = assembled;
  const policy = readPolicy(root, env, findings);
  const own = sourced?.units[0]?.root ?? null;
  const modulePath = [
    ...(own === null ? [] : readModulePath(own, { ...env, MUSTER_MODULE_PATH: '' }, findings)),
    ...readModulePath(root, env, findings),
  ];
  const alternatives = gathering.incomplete ? new Map() : readAlternatives(layers, { modules, env, findings });
  const source = readSource(root, env, findings);
  const notify = readNotify(root, env, findings);
  if (!gathering.incomplete) checkSet(modules, alternatives, findings);

  const diagnostics = deepFreeze(sorted(findings.all, [...asked]));
  if (diagnostics.some(isError)) return deepFreeze({ ok: false, diagnostics, files: [...asked], watch: [...watch] });
  // What says what is to run comes first: the lock of packages lies beside it.
  const files = (sourced === null ? hosts : [sourced, ...hosts]).flatMap((layer) => layer.units.map((unit) => unit.file));
  const config: ConfigSet = {
    modules: declarations(modules, memory.config?.modules),
    ...{ policy, source, revision, notify },
    ...{ alternatives, modulePath, files, watch: [...watch], digest: digestOf(files), warnings: diagnostics },
  };
  return Object.freeze({ ok: true, config: Object.freeze(config) });
}

/** Equal where nothing that was read has changed. */
function inputsOf(layers: readonly Layer[], { globs, asked }: Gathering, sourced: SourcedFile | undefined): string {
  const texts = layers.map(({ units }) => units.map(({ file }) => [file.path, file.sha256]));
  return JSON.stringify([texts, [...globs], [...asked], sourced?.bounds, sourced?.revision]);
}

function digestOf(texts: readonly FileText[]): string {
  const hash = createHash('sha256');
  for (const { path, sha256 } of texts) hash.update(`${path}\0${sha256}\n`);
  return hash.digest('hex');
}

function impossible(): never {
  throw new Error('a whole file could not be judged');
}
