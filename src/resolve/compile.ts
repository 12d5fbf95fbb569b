import type { Stats } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import type { BuildFailure, Message } from 'esbuild';
import { MusterError, messageOf } from '../model/error.ts';
import { type Source, sourcePlugin } from './compile-plugin.ts';

interface Compiled {
  /** One CommonJS file. A line at its end names the packages to import before it runs; see `runners/inside/load.ts`. */
  readonly code: string;
  readonly map: string;
  /** The local files that are in it, the entry among them, by absolute path. */
  readonly sources: ReadonlyMap<string, Source>;
}

export interface Compiler {
  /** `file` is a real path (no symbolic links). Throws EINVAL with `file:line:column` where the code is at fault. */
  compile(file: string): Promise<Compiled>;
  dispose(): Promise<void>;
}

export interface CompilerOptions {
  stat(path: string): Stats | undefined;
  /** Compilations at a time; the compiler itself is parallel. */
  concurrency?: number;
}

/** The compiler is a process of its own, 15 MB large; between reloads it is not needed. */
const idleMs = 5000;

/** Builds of all compilers: the compiler's process is one for the whole program, whoever started it. */
let underWay = 0;

/** Compiles with esbuild, which is imported and started when first needed. */
export function createCompiler({ stat, concurrency = 8 }: CompilerOptions): Compiler {
  let running = 0;
  const queue: (() => void)[] = [];
  let idle: NodeJS.Timeout | undefined;

  async function turn(): Promise<void> {
    clearTimeout(idle);
    if (running >= concurrency) await new Promise<void>((resolve) => queue.push(resolve));
    else running += 1;
  }
  function done(): void {
    const next = queue.shift();
    if (next !== undefined) {
      next();
      return;
    }
    running -= 1;
    if (running === 0) idle = setTimeout(() => void stop(), idleMs).unref();
  }
  async function stop(): Promise<void> {
    clearTimeout(idle);
    idle = undefined;
    const { stop: stopService } = await import('esbuild');
    if (underWay === 0) await stopService();
  }

  return {
    async compile(file) {
      await turn();
      underWay += 1;
      try {
        return await build(file, stat);
      } finally {
        underWay -= 1;
        done();
      }
    },
    async dispose() {
      if (idle !== undefined) await stop();
    },
  };
}

async function build(file: string, stat: (path: string) => Stats | undefined): Promise<Compiled> {
  const { build: run } = await import('esbuild');
  const folder = dirname(file);
  const { plugin, sources, packages } = sourcePlugin(folder, stat);
  try {
    const { outputFiles } = await run({
      entryPoints: [file],
      absWorkingDir: folder,
      // Beside the entry, so that the paths in the map are relative to it: the result does not depend on where it lies.
      outfile: join(folder, 'compiled.cjs'),
      write: false,
      bundle: true,
      format: 'cjs',
      platform: 'node',
      packages: 'external',
      target: 'node20',
      sourcemap: 'external',
      define: { 'import.meta': '__musterFile' },
      logLevel: 'silent',
      plugins: [plugin],
    });
    const map = outputFiles.find(({ path }) => path.endsWith('.map'));
    const code = outputFiles.find(({ path }) => path.endsWith('.cjs'));
    if (map === undefined || code === undefined) throw new Error(`the compiler gave no output for ${file}`);
    return { code: `${code.text}//# musterImports=${JSON.stringify([...packages].sort())}\n`, map: map.text, sources };
  } catch (error) {
    throw refusal(error, file, folder);
  }
}

function refusal(error: unknown, file: string, folder: string): unknown {
  const first = (error as BuildFailure).errors?.[0];
  if (first === undefined) return new MusterError('EFAILED', `the compiler failed on ${file}: ${messageOf(error)}`, { cause: error });
  const place = placeOf(first, folder) ?? file;
  if (/^Top-level await/.test(first.text)) {
    return new MusterError('EINVAL', `${place}: top-level await is not possible in a module`, { hint: 'await it inside main()' });
  }
  return new MusterError('EINVAL', `${place}: ${first.text}`);
}

function placeOf({ location }: Message, folder: string): string | null {
  if (location === null) return null;
  const path = isAbsolute(location.file) ? location.file : join(folder, location.file);
  return `${path}:${location.line}:${location.column + 1}`;
}
