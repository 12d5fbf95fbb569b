import { join } from 'node:path';
import { type ConfigCompiler, createConfigCompiler } from '../../config/compiler.ts';
import { type Observed, saidFields } from '../../config/said.ts';
import type { CarriedConfig, Edits, Sources } from '../../engine/ports.ts';
import { canonicalJson } from '../../model/canonical.ts';
import type { ConfigOutcome, ConfigSet, Reader } from '../../model/config-set.ts';
import type { Environment } from '../../model/environment.ts';
import type { SaidField } from '../../model/explain.ts';
import type { GitSpec, Source } from '../../model/source.ts';
import { createConfinedReader } from '../../sources/confined.ts';
import { createFileReader } from '../../sources/files.ts';
import { createTextReader } from '../../sources/texts.ts';
import { systemClock } from '../world.ts';
import { createHeldSource } from './held.ts';
import { createOwnFiles } from './own-files.ts';
import { createPlaces } from './placed.ts';
import { elsewhere, notFetched, troubleOf, withNote } from './trouble.ts';

export interface UpstreamOptions {
  /** The host's own. */
  readonly files: readonly string[];
  readonly compiler: ConfigCompiler;
  readonly env: Environment;
  open(spec: GitSpec): Promise<Source>;
  /** What the host's own file names, each time that it was read. */
  onSource(spec: GitSpec | null): void;
}

/** The config as the host's own file says it, and as the repository does that it names. */
export interface Upstream extends Pick<Sources, 'source' | 'sync' | 'restoreRevision' | 'said' | 'blame'> {
  /** Without any network. Null: the daemon's own files. */
  compile(from: readonly string[] | CarriedConfig | null, edits: Edits): Promise<ConfigOutcome>;
  /** Absolute folder of the checkout, whatever revision it has; null: there is no source. */
  readonly root: string | null;
  /** Of the last reading, as the host's own file has it; for what is shown of configs that do not hold. */
  readonly revision: string | null;
  close(): Promise<void>;
}

export function createUpstream({ files, compiler, env, open, onSource }: UpstreamOptions): Upstream {
  const held = createHeldSource(open);
  const own = createOwnFiles(files, compiler, env);
  let places: { readonly root: string; readonly of: ReturnType<typeof createPlaces> } | null = null;
  const placesIn = (root: string): ReturnType<typeof createPlaces> => {
    if (places?.root !== root) places = { root, of: createPlaces(root) };
    return places.of;
  };
  /** What was made of the same outcome the last time. */
  let last: { readonly from: ConfigOutcome; readonly key: string; readonly made: ConfigOutcome } | null = null;

  async function ofSource(host: ConfigSet, from: readonly string[], source: Source, compile: ConfigCompiler['compile'], of: Of) {
    const { root } = source;
    const spec = host.source?.git;
    if (spec === undefined || root === null) return notFetched(host, source.doc);
    const { revision = source.doc.revision, reader = createConfinedReader(root) } = of;
    const bounds = { root, allow: spec.allow };
    const outcome = await compile(from, { file: join(root, spec.path), bounds, reader, revision });
    const trouble = troubleOf(host, source.doc);
    const key = canonicalJson([revision, trouble]);
    if (last?.from === outcome && last.key === key) return last.made;
    last = { from: outcome, key, made: placesIn(root).placed(outcome, revision, trouble) };
    return last.made;
  }

  async function carried({ files: named, texts, revision = null }: CarriedConfig): Promise<ConfigOutcome> {
    const reader = createTextReader(texts);
    const { compile } = createConfigCompiler({ env, reader });
    const host = await compile(named);
    if (!host.ok || host.config.source === null) return host;
    const source = held.now;
    return source === null ? notFetched(host.config, null) : ofSource(host.config, named, source, compile, { reader, revision });
  }

  /** Of the daemon's own files. What is named by an edit that nobody has asked for is not gone after. */
  async function ownFiles(edits: Edits): Promise<ConfigOutcome> {
    const { outcome: host, compile } = await (edits === 'taken' ? own.now() : own.asked());
    if (!host.ok) return host;
    const spec = host.config.source?.git ?? null;
    if (spec === null) return host;
    if (held.spec === null) {
      await held.follow(spec);
      onSource(spec);
    }
    if (held.now === null) return notFetched(host.config, null);
    if (held.spec !== null && placeOf(held.spec) === placeOf(spec)) return ofSource(host.config, files, held.now, compile, {});
    return edits === 'left' ? notFetched(host.config, held.now.doc) : withNote(await ownFiles('left'), elsewhere(host.config));
  }

  async function otherFiles(from: readonly string[]): Promise<ConfigOutcome> {
    const host = await compiler.compile(from);
    if (!host.ok || host.config.source === null) return host;
    // What another file names is looked at only as far as it is there already.
    const isSame = held.spec !== null && placeOf(held.spec) === placeOf(host.config.source.git);
    return held.now === null || !isSame ? notFetched(host.config, null) : ofSource(host.config, from, held.now, compiler.compile, {});
  }

  return {
    async compile(from, edits) {
      if (from === null) return ownFiles(edits);
      return 'texts' in from ? carried(from) : otherFiles(from);
    },
    get root() {
      return held.now?.root ?? null;
    },
    get revision() {
      return held.now?.doc.revision ?? null;
    },
    source: () => held.now?.doc ?? null,
    async sync(applied, signal, edits) {
      const { outcome: host } = await own.now();
      if (edits === 'taken' && host.ok) {
        own.ask(host.config);
        const spec = host.config.source?.git ?? null;
        await held.follow(spec);
        onSource(spec);
      }
      return held.now === null ? false : (await held.now.sync({ applied, signal })).moved;
    },
    restoreRevision: async (revision) => (await held.now?.restore(revision)) ?? false,
    async said(name) {
      const found: SaidField[] = [];
      // Anew: what is remembered is not made of its text again.
      const observe = (observed: Observed): void => void (observed.name === name && found.push(...saidFields(observed)));
      const { compile } = createConfigCompiler({ env, observe, reader: createFileReader({ clock: systemClock }) });
      const host = await compile(files);
      const source = held.now;
      const root = source?.root ?? null;
      if (!host.ok || source === null || root === null || host.config.source === null) return found;
      await ofSource(host.config, files, source, compile, {});
      return found.map((field) => ({ ...field, at: placesIn(root).within(field.at) }));
    },
    blame: async ({ file, line }) => {
      const { now } = held;
      return now === null || now.root === null ? null : now.blame(join(now.root, file), line);
    },
    close: held.close,
  };
}

function placeOf({ url, ref }: GitSpec): string {
  return canonicalJson([url, ref]);
}

interface Of {
  readonly revision?: string | null;
  readonly reader?: Reader;
}
