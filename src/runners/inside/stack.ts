import type { SourceMap, SourceMapPayload } from 'node:module';
import { dirname, resolve } from 'node:path';
import { nodeModule } from './on-demand.ts';

/** Code of a module under the name it runs as. */
export interface MappedCode {
  readonly script: string;
  /** Of the entry: paths in the map are relative to it. */
  readonly filename: string;
  /** The text of its source map; may throw. */
  readMap(): string;
}

const mapped = new Map<string, { code: MappedCode; map: SourceMap | null | undefined }>();

/** Stacks of this realm show the sources of compiled code from now on; Node itself cannot do it in threads before 22. */
export function mapStacks(ownFile: string): void {
  Error.prepareStackTrace = (error, frames) => {
    const ofModule = frames.filter((frame) => !isInner(frame.getFileName(), ownFile));
    return headline(error) + ofModule.map((frame) => `\n    at ${describe(frame)}`).join('');
  };
}

export function addMap(code: MappedCode): void {
  mapped.set(code.script, { code, map: undefined });
}

export function dropMap(script: string): void {
  mapped.delete(script);
}

/** What called the module tells its author nothing. */
function isInner(file: string | null | undefined, ownFile: string): boolean {
  return file === ownFile || file === 'node:async_hooks' || file?.startsWith('node:internal/') === true;
}

function headline(error: unknown): string {
  try {
    return Error.prototype.toString.call(error);
  } catch {
    return 'Error';
  }
}

function describe(frame: NodeJS.CallSite): string {
  const text = String(frame);
  const [file, line, column] = [frame.getFileName(), frame.getLineNumber(), frame.getColumnNumber()];
  if (file === null || file === undefined || line === null || column === null) return text;
  const source = sourceOf(file, line, column);
  return source === null ? text : text.replace(`${file}:${line}:${column}`, source);
}

function sourceOf(file: string, line: number, column: number): string | null {
  const entry = mapped.get(file);
  if (entry === undefined) return null;
  // Read at the first stack only: most modules never show one.
  if (entry.map === undefined) entry.map = parseMap(entry.code);
  const found = entry.map?.findEntry(line - 1, column - 1);
  if (found === undefined || !('originalSource' in found)) return null;
  return `${resolve(dirname(entry.code.filename), found.originalSource)}:${found.originalLine + 1}:${found.originalColumn + 1}`;
}

function parseMap(code: MappedCode): SourceMap | null {
  try {
    const { SourceMap } = nodeModule();
    return new SourceMap(JSON.parse(code.readMap()) as SourceMapPayload);
  } catch {
    return null;
  }
}
