import { dirname } from 'node:path/posix';
import type { FileText, Reader } from '../model/config-set.ts';
import { type ErrorCode, MusterError } from '../model/error.ts';
import { isGlob } from '../model/glob.ts';
import { type Bounds, checkTopBounds } from './bounds.ts';
import type { Findings } from './findings.ts';
import type { Environment } from './interpolate.ts';
import type { Located } from './node.ts';
import { absolute } from './raw.ts';
import type { Observed } from './said.ts';
import { readTexts } from './top.ts';
import type { Unit } from './unit.ts';

/** One `-c` file, or that of a source, and what it includes. */
export interface Layer {
  /** The main file first, then included ones in reading order. */
  readonly units: Unit[];
}

export interface Gathering {
  readonly env: Environment;
  readonly reader: Reader;
  readonly findings: Findings;
  /** Of what a source has; null: there is none, or it is not read yet. */
  readonly bounds: Bounds | null;
  readonly observe?: ((observed: Observed) => void) | undefined;
  /** Every file that was asked for, read or not. */
  readonly asked: Set<string>;
  readonly watch: Set<string>;
  /** Patterns and what they matched now. */
  readonly globs: Map<string, readonly string[]>;
  /** Patterns that matched something before. */
  readonly matchedBefore: ReadonlySet<string>;
  unit(text: FileText): Unit;
  /** Set if a file is missing from the whole, so that nothing can be said of the set. */
  incomplete: boolean;
}

export async function gatherLayer(main: string, gathering: Gathering): Promise<Layer> {
  const units: Unit[] = [];
  await gatherFile(main, null, units, new Set(), gathering);
  return { units };
}

async function gatherFile(path: string, at: Located | null, units: Unit[], seen: Set<string>, gathering: Gathering): Promise<void> {
  // A pattern may match the file it stands in, or one that is also named outright.
  if (seen.has(path)) return;
  seen.add(path);
  const { findings, env } = gathering;
  const text = await readFile(path, at, gathering);
  if (text === null) return;
  const unit = gathering.unit(text);
  if (unit.root === null) {
    gathering.incomplete = true;
    return;
  }
  units.push(unit);
  if (gathering.bounds !== null) checkTopBounds(unit.root, gathering.bounds, findings);
  for (const { text: named, node } of readTexts(unit.root, 'include', env, findings)) {
    const wanted = absolute(named, node);
    for (const file of await matching(wanted, named, node, gathering)) await gatherFile(file, node, units, seen, gathering);
  }
}

async function matching(wanted: string, named: string, at: Located, gathering: Gathering): Promise<readonly string[]> {
  if (!isGlob(wanted)) return [wanted];
  const { reader, findings, watch, globs, matchedBefore } = gathering;
  watch.add(folderOf(wanted));
  try {
    const found = globs.get(wanted) ?? (await reader.glob(wanted));
    globs.set(wanted, found);
    if (found.length > 0) return found;
    if (matchedBefore.has(wanted)) {
      gathering.incomplete = true;
      findings.error(
        at,
        'includeVanished',
        `${named} matched files before and matches none now`,
        'if that is meant, remove it from include',
      );
    } else findings.warning(at, 'includeEmpty', `${named} matches no file`);
  } catch (error) {
    refuse(error, at, wanted, gathering);
  }
  return [];
}

/** The deepest folder that a pattern names without `*` or `?`. */
function folderOf(pattern: string): string {
  let folder = dirname(pattern);
  while (isGlob(folder)) folder = dirname(folder);
  return folder;
}

async function readFile(path: string, at: Located | null, gathering: Gathering): Promise<FileText | null> {
  gathering.asked.add(path);
  try {
    return await gathering.reader.file(path);
  } catch (error) {
    const start = { source: { file: path, lines: [0], base: 0 }, start: 0, end: 0 };
    refuse(error, at ?? start, path, gathering);
    return null;
  }
}

const codes: Partial<Record<ErrorCode, string>> = {
  ENOENT: 'missingFile',
  EACCES: 'unreadableFile',
  EBUSY: 'unfinishedFile',
  E2BIG: 'hugeFile',
  EINVAL: 'unusableFile',
  EPERM: 'outsideSource',
};

function refuse(error: unknown, at: Located, path: string, gathering: Gathering): void {
  if (!(error instanceof MusterError)) throw error;
  gathering.incomplete = true;
  const message = error.message.includes(path) ? error.message : `${path}: ${error.message}`;
  gathering.findings.error(at, codes[error.code] ?? 'unreadableFile', message, error.hint);
}
