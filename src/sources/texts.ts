import type { FileText, Reader } from '../model/config-set.ts';
import { MusterError } from '../model/error.ts';
import { globMatches, isGlob } from '../model/glob.ts';

/** Files as they were read once; what lies on the disk by now does not matter. */
export function createTextReader(texts: readonly FileText[]): Reader {
  const byPath = new Map(texts.map((text) => [text.path, text]));
  return {
    async file(path) {
      const text = byPath.get(path);
      if (text === undefined) throw new MusterError('ENOENT', `${path} is not among the files that were kept`);
      return text;
    },
    glob: async (pattern) => [...byPath.keys()].filter((path) => matches(pattern.split('/'), path.split('/'))).sort(),
  };
}

/** Segment by segment; a wildcard does not match a period at the beginning, as where files are looked for on the disk. */
function matches(pattern: readonly string[], path: readonly string[]): boolean {
  return (
    pattern.length === path.length &&
    pattern.every((wanted, index) => {
      const name = path[index] ?? '';
      if (!isGlob(wanted)) return wanted === name;
      return globMatches(wanted, name) && (!name.startsWith('.') || wanted.startsWith('.'));
    })
  );
}
