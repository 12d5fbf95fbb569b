import { dirname } from 'node:path';
import type { Main } from '../../model/context.ts';
import { MusterError } from '../../model/error.ts';
import type { Start } from '../protocol.ts';
import type { Code } from './code.ts';
import type { OwnGlobals } from './own-process.ts';
import { packagePrefix } from './packages.ts';

type Exports = Record<string, unknown>;

/** Runs the compiled code and returns its `main`. `own` takes the place of Node's globals where several share a thread. */
export async function loadMain({ path, expectName }: Start, code: Code, own: OwnGlobals | null): Promise<Main> {
  const exports = run(code, await code.packages, own);
  if (expectName !== null && typeof exports.name === 'string' && exports.name !== expectName) {
    throw new MusterError('EINVAL', `${path} was looked up as "${expectName}" but exports the name "${exports.name}"`);
  }
  if (typeof exports.main === 'function') return exports.main as Main;
  throw new MusterError('EINVAL', `${path} exports no function main`, { hint: 'export async function main(ctx) { await ctx.run(); }' });
}

function run(code: Code, packages: ReadonlyMap<string, unknown>, own: OwnGlobals | null): Exports {
  const { filename, placeOf } = code;
  const ownOf = (name: 'process' | 'console'): unknown => (own !== null && code.mentions(name) ? own[name] : globalThis[name]);
  const body = code.bind(ownOf('process'), ownOf('console'));
  const module: { exports: Exports } = { exports: {} };
  body.call(module.exports, module.exports, requireFor(code, packages, own), module, filename, dirname(filename), placeOf);
  return module.exports ?? {};
}

function requireFor({ require }: Code, packages: ReadonlyMap<string, unknown>, own: OwnGlobals | null): NodeJS.Require {
  const find = (name: string): unknown => {
    if (name.startsWith(packagePrefix)) return packages.get(name);
    if (own !== null && (name === 'process' || name === 'node:process')) return own.process;
    if (own !== null && (name === 'console' || name === 'node:console')) return own.console;
    return require(name);
  };
  return Object.assign(find, require);
}
