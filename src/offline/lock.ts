import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { ConfigSet } from '../model/config-set.ts';
import type { Diagnostic } from '../model/diagnostic.ts';
import type { PackageSpec } from '../model/fields/table.ts';
import { lockedFile, lockMismatch, lockName, parseLock } from '../model/package-lock.ts';

/** What is wrong with the lock beside the config, by itself and beside what is declared. */
export async function lockDiagnostics(config: ConfigSet): Promise<Diagnostic[]> {
  const declared = [...config.modules].filter(([, { entry }]) => entry.kind === 'package' && !entry.spec.disabled);
  const beside = lockedFile(config);
  if (declared.length === 0 || beside === null) return [];
  const file = join(dirname(beside), lockName);
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => error);
  if (typeof text !== 'string') return text.code === 'ENOENT' ? [] : [at({ file, line: 1, column: 1 }, 'lockUnreadable', text.message)];
  const read = parseLock(text, (path) => resolve(dirname(file), path));
  if ('problem' in read) {
    const { message, line, column } = read.problem;
    return [at({ file, line, column }, 'lockDamaged', `the lock is damaged: ${message}`, 'take it from version control, or remove it')];
  }
  return declared.flatMap(([name, { entry, source }]) => {
    const mismatch = lockMismatch(name, (entry.spec as PackageSpec).package, read.lock);
    return mismatch === null ? [] : [at(source, 'lockDiffers', mismatch.message, mismatch.hint)];
  });
}

type Place = Pick<Diagnostic, 'file' | 'line' | 'column'>;

function at({ file, line, column }: Place, code: string, message: string, hint?: string): Diagnostic {
  return {
    ...{ severity: 'error', code, message, file, line, column, endLine: line, endColumn: column },
    ...(hint === undefined ? {} : { hint }),
  };
}
