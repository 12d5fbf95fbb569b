import type { Start } from '../protocol.ts';

/**
 * Each message brings texts of its own, though modules that follow each other mostly have the same environment and the same code.
 * Returns a function that gives each what is the same as an object that others have already.
 */
export function createAlike(): (start: Start) => Start {
  let last: Start | null = null;
  return (start) => {
    const before = last;
    last = start;
    if (before === null) return start;
    const { path, codeFile, args, env } = before;
    last = {
      ...start,
      // One text for two that are equal.
      path: start.path === path ? path : start.path,
      codeFile: start.codeFile === codeFile ? codeFile : start.codeFile,
      args: args.length === 0 && start.args.length === 0 ? args : start.args,
      env: isSame(start.env, env) ? env : start.env,
    };
    return last;
  };
}

function isSame(one: Start['env'], other: Start['env']): boolean {
  const names = Object.keys(one);
  return names.length === Object.keys(other).length && names.every((name) => one[name] === other[name]);
}
