import { readFile } from 'node:fs/promises';
import type { Launch } from '../model/driver.ts';
import { MusterError } from '../model/error.ts';
import type { CodeSpec } from '../model/fields/table.ts';
import type { CodeText, Start } from './protocol.ts';

/** A launch, as a realm is told of it. */
export function toStart({ name, path, codeFile, args, env, config, spec, restored, again }: Launch): Start {
  if (codeFile === null) throw new MusterError('EINVAL', `there is no code of "${name}"`);
  const { module: named, maxHeap } = spec as CodeSpec;
  const expectName = /[/:]/.test(named) ? null : named;
  return { name, path, codeFile, args, env, config, maxHeap: maxHeap ?? null, expectName, restored, ...(again === true ? { again } : {}) };
}

/** For a runner that cannot read the file. */
export async function readCode(file: string): Promise<CodeText> {
  const [text, map] = await Promise.all([readFile(file, 'utf8'), readFile(`${file}.map`, 'utf8').catch(() => '')]);
  return { text, map };
}
