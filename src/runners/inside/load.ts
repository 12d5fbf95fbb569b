import { dirname } from 'node:path';
import timers from 'node:timers';
import type { Main } from '../../model/context.ts';
import { MusterError } from '../../model/error.ts';
import type { Start } from '../protocol.ts';
import { type Code, replaceable } from './code.ts';
import type { OwnGlobals } from './own-globals.ts';
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
  const body = code.bind(...replaceable.map((name) => (own !== null && code.mentions(name) ? ownGlobal(own, name) : globalThis[name])));
  const module: { exports: Exports } = { exports: {} };
  body.call(module.exports, module.exports, requireFor(code, packages, own), module, filename, dirname(filename), placeOf);
  return module.exports ?? {};
}

function ownGlobal(own: OwnGlobals, name: (typeof replaceable)[number]): unknown {
  return name === 'process' || name === 'console' ? own[name] : own.timers[name];
}

function requireFor({ require, mentions }: Code, packages: ReadonlyMap<string, unknown>, own: OwnGlobals | null): NodeJS.Require {
  const find = (name: string): unknown =>
    name.startsWith(packagePrefix) ? packages.get(name) : (own !== null && ownBuiltin(own, name)) || require()(name);
  // Where nothing asks for it, nothing asks for what it has either.
  return mentions('require') ? Object.assign(find, require()) : (find as NodeJS.Require);
}

function ownBuiltin(own: OwnGlobals, name: string): unknown {
  switch (name.replace(/^node:/, '')) {
    case 'process':
      return own.process;
    case 'console':
      return own.console;
    case 'timers':
      return { ...timers, ...own.timers };
  }
  return undefined;
}
