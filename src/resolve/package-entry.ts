import { readFileSync } from 'node:fs';
import { MusterError } from '../model/error.ts';

/** The file that a package.json names as what its folder is, relative to it; `exports` goes before `main`, as in Node. */
export function entryNamed(manifest: string): { readonly field: 'exports' | 'main'; readonly path: string } | null {
  const { exports, main } = read(manifest);
  const path = targetOf(exports);
  if (path !== null) return { field: 'exports', path };
  return typeof main === 'string' ? { field: 'main', path: main } : null;
}

function read(manifest: string): { exports?: unknown; main?: unknown } {
  try {
    const content: unknown = JSON.parse(readFileSync(manifest, 'utf8'));
    return typeof content === 'object' && content !== null ? content : {};
  } catch (cause) {
    throw new MusterError('EINVAL', `${manifest} is no JSON`, { cause });
  }
}

/** The code is bundled whatever form it has, so that a package with only CommonJS has its entry too. */
const conditions = new Set(['node', 'import', 'module-sync', 'default', 'require']);

/** What `exports` says of the package itself: a path, or the first condition that holds. */
function targetOf(exports: unknown): string | null {
  if (typeof exports === 'string') return exports;
  if (Array.isArray(exports)) return exports.map(targetOf).find((path) => path !== null) ?? null;
  if (typeof exports !== 'object' || exports === null) return null;
  if ('.' in exports) return targetOf(exports['.']);
  for (const [condition, target] of Object.entries(exports)) {
    const path = conditions.has(condition) ? targetOf(target) : null;
    if (path !== null) return path;
  }
  return null;
}
