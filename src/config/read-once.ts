import type { Reader } from '../model/config-set.ts';

/** Gives the same answer, or refusal, to the same question: one compilation sees one state of the files. */
export function readOnce(reader: Reader): Reader {
  const files = new Map<string, ReturnType<Reader['file']>>();
  const globs = new Map<string, ReturnType<Reader['glob']>>();
  return {
    file: (path) => once(files, path, () => reader.file(path)),
    glob: (pattern) => once(globs, pattern, () => reader.glob(pattern)),
  };
}

function once<T>(known: Map<string, Promise<T>>, key: string, ask: () => Promise<T>): Promise<T> {
  const answer = known.get(key) ?? ask();
  known.set(key, answer);
  return answer;
}
