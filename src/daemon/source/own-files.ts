import { type ConfigCompiler, createConfigCompiler } from '../../config/compiler.ts';
import type { ConfigOutcome, ConfigSet, FileText } from '../../model/config-set.ts';
import type { Environment } from '../../model/environment.ts';
import { createTextReader } from '../../sources/texts.ts';

/** What the host's own files say, and how to go on from there. */
export interface Own {
  readonly outcome: ConfigOutcome;
  readonly compile: ConfigCompiler['compile'];
}

/** The host's own files as they are, and as they were when somebody last asked for them to be applied. */
export interface OwnFiles {
  now(): Promise<Own>;
  asked(): Promise<Own>;
  /** They are asked for as they are in this config. */
  ask(config: ConfigSet): void;
}

export function createOwnFiles(files: readonly string[], compiler: ConfigCompiler, env: Environment): OwnFiles {
  let before: { readonly texts: readonly FileText[]; readonly compile: ConfigCompiler['compile'] } | null = null;
  const now = async (): Promise<Own> => ({ outcome: await compiler.compile(files), compile: compiler.compile });

  return {
    now,
    async asked() {
      const own = await now();
      if (before === null || (own.outcome.ok && isSame(own.outcome.config.files, before.texts))) return own;
      return { outcome: await before.compile(files), compile: before.compile };
    },
    ask({ files: texts }) {
      if (before !== null && isSame(texts, before.texts)) return;
      before = { texts, compile: createConfigCompiler({ env, reader: createTextReader(texts) }).compile };
    },
  };
}

function isSame(a: readonly FileText[], b: readonly FileText[]): boolean {
  return a.length === b.length && a.every(({ path, sha256 }, index) => path === b[index]?.path && sha256 === b[index]?.sha256);
}
