import { createHash } from 'node:crypto';
import { type ConfigCompiler, createConfigCompiler } from '../../src/config/compiler.ts';
import type { ConfigOutcome, ConfigSet, FileText, Reader } from '../../src/model/config-set.ts';
import { MusterError } from '../../src/model/error.ts';
import { globRegExp } from '../../src/model/glob.ts';
import type { Entry } from '../../src/model/module.ts';

/** Files in memory, by absolute path; null is a file that cannot be read. */
export type Files = Record<string, string | null>;

export function memoryReader(files: Files): Reader & { read: number } {
  const reader = {
    read: 0,
    async file(path: string): Promise<FileText> {
      reader.read++;
      const text = files[path];
      if (text === undefined) throw new MusterError('ENOENT', `${path} does not exist`);
      if (text === null) throw new MusterError('EACCES', `${path} cannot be read: permission denied`);
      return { path, text, sha256: createHash('sha256').update(text).digest('hex') };
    },
    glob: async (pattern: string) => {
      const matches = globRegExp(pattern);
      return Object.keys(files)
        .filter((path) => matches.test(path))
        .sort();
    },
  };
  return reader;
}

export interface Setting {
  readonly compiler: ConfigCompiler;
  readonly files: Files;
  compile(...paths: string[]): Promise<ConfigOutcome>;
}

/** A compiler over files in memory; paths are relative to /etc. */
export function setting(files: Files, env: Record<string, string> = {}): Setting {
  const all: Files = {};
  for (const [path, text] of Object.entries(files)) all[absolute(path)] = text;
  const compiler = createConfigCompiler({ env, reader: memoryReader(all) });
  return {
    compiler,
    files: all,
    compile: (...paths) => compiler.compile(paths.length === 0 ? ['/etc/muster.yaml'] : paths.map(absolute)),
  };
}

export function absolute(path: string): string {
  return path.startsWith('/') ? path : `/etc/${path}`;
}

export async function compileText(text: string, env: Record<string, string> = {}): Promise<ConfigOutcome> {
  return setting({ 'muster.yaml': text }, env).compile();
}

export function good(outcome: ConfigOutcome): ConfigSet {
  if (outcome.ok) return outcome.config;
  throw new Error(
    `not valid:\n${outcome.diagnostics.map(({ line, column, code, message }) => `${line}:${column} ${code}: ${message}`).join('\n')}`,
  );
}

export function entryOf(outcome: ConfigOutcome, name: string): Entry {
  const declared = good(outcome).modules.get(name);
  if (declared === undefined) throw new Error(`no ${name}`);
  return declared.entry;
}

/** `line:column code` of each finding, with the file where it is not the main one. */
export function found(outcome: ConfigOutcome): string[] {
  const diagnostics = outcome.ok ? outcome.config.warnings : outcome.diagnostics;
  return diagnostics.map(
    ({ file, line, column, code }) => `${file === '/etc/muster.yaml' ? '' : `${file.slice(5)}:`}${line}:${column} ${code}`,
  );
}
