import { totalmem } from 'node:os';
import { MusterError } from '../../model/error.ts';
import { type CgroupSpec, limitFiles } from '../../model/fields/cgroup.ts';
import { enableControllers } from './controllers.ts';
import { read, reasonOf, write } from './files.ts';
import { findRoot } from './root.ts';
import { defaultOf, limitKeys, type Setting, settingsOf, took } from './settings.ts';

/**
 * Brings the limits of a cgroup to what a config says: each is written and read back. All or, with an error that names key,
 * value and reason, none. What `before` asked for and is not asked for any more is put back to what the kernel has by itself.
 */
export function limitCgroup(folder: string, spec: CgroupSpec | undefined, before?: CgroupSpec): void {
  // The system takes as long to say how much memory there is as all the rest.
  if (spec === undefined && before === undefined) return;
  const wanted = settingsOf(spec, totalmem());
  const settings = [...wanted, ...noLongerIn(wanted, before)];
  if (settings.length === 0) return;
  const root = findRoot();
  // Its controllers are at work already where it was made by somebody who could reach further up than we can.
  if ('folder' in root && folder.startsWith(`${root.folder}/`)) enableControllers(root, folder, wanted);
  setAll(folder, settings);
}

function noLongerIn(wanted: readonly Setting[], before: CgroupSpec | undefined): Setting[] {
  const given = new Set(wanted.map(({ file }) => file));
  return settingsOf(before, totalmem())
    .filter(({ file }) => !given.has(file))
    .map(({ key, file, value }) => {
      const byItself = defaultOf(file, value);
      if (byItself !== null) return { key, file, value: byItself };
      throw new MusterError('EINVAL', `${key} was removed, and what the kernel has in ${file} by itself is not known`, {
        hint: 'Write the value that it shall have, or reload the module.',
      });
    });
}

function setAll(folder: string, settings: readonly Setting[]): void {
  const undo: (() => void)[] = [];
  try {
    for (const setting of inOrder(settings)) undo.push(set(folder, setting));
  } catch (error) {
    for (const back of undo.reverse()) back();
    throw error;
  }
}

/** An idle cgroup has no weight that could be set. */
function inOrder(settings: readonly Setting[]): Setting[] {
  const rank = ({ file, value }: Setting): number => (file !== limitFiles.cpuIdle ? 1 : value === '0' ? 0 : 2);
  return [...settings].sort((a, b) => rank(a) - rank(b));
}

/** Returns what undoes it. */
function set(folder: string, setting: Setting): () => void {
  const { file, value } = setting;
  const former = readOr(folder, file);
  if (former === null) throw refusal(setting, `there is no ${file} in ${folder}`);
  try {
    write(folder, file, value);
  } catch (error) {
    throw refusal(setting, `the kernel answered ${reasonOf(error)}`, error);
  }
  const undo = (): void => {
    for (const line of former.split('\n')) {
      try {
        write(folder, file, line);
      } catch {
        // Such as the last of its devices being gone; there is nothing else that could be done.
      }
    }
  };
  const back = readOr(folder, file) ?? '';
  if (took(setting, back)) return undo;
  undo();
  throw refusal(setting, `${file} still says ${JSON.stringify(back)}`);
}

function readOr(folder: string, file: string): string | null {
  try {
    return read(folder, file);
  } catch {
    return '';
  }
}

function refusal({ key, value }: Setting, why: string, cause?: unknown): MusterError {
  return new MusterError('EINVAL', `${key}: ${JSON.stringify(value)} did not take effect: ${why}`, { cause });
}

/** What is set in a cgroup, as it can stand under `cgroup:` in a config; what this one does not have is left out. */
export function settingsIn(folder: string, spec: CgroupSpec | undefined): Record<string, unknown> {
  const typed = limitKeys.flatMap((key) => {
    const text = readOr(folder, limitFiles[key]);
    const isNone = text === null || text === '' || (key === 'cpuWeight' && text === '0'); // an idle one has no weight
    return isNone ? [] : [[key, configValue(key, text)] as const];
  });
  const core = ['cgroup.max.depth', 'cgroup.max.descendants'].filter((file) => readOr(folder, file) !== 'max');
  const raw = [...new Set([...core, ...Object.keys(spec?.raw ?? {})])].sort().flatMap((file) => {
    const text = readOr(folder, file);
    return text === null || text === '' ? [] : [[file, text] as const];
  });
  return { ...Object.fromEntries(typed), ...(raw.length === 0 ? {} : { raw: Object.fromEntries(raw) }) };
}

function configValue(key: keyof typeof limitFiles, text: string): unknown {
  if (key === 'memoryOomGroup' || key === 'cpuIdle') return text === '1';
  const value = key === 'ioWeight' ? (/^default (\d+)$/m.exec(text)?.[1] ?? text) : text;
  return /^\d+$/.test(value) && !key.startsWith('cpuset') ? Number(value) : value;
}
