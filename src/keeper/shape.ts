/** Whether a value has a shape. What it has beside that does not matter. */
export type Check<T> = (value: unknown) => value is T;

export const text: Check<string> = (value): value is string => typeof value === 'string';
export const number: Check<number> = (value): value is number => Number.isFinite(value);

/** Just this. */
export function a<const T>(one: T): Check<T> {
  return (value): value is T => value === one;
}

export function or<T>(...checks: readonly Check<T>[]): Check<T>;
export function or<A, B>(first: Check<A>, second: Check<B>): Check<A | B>;
export function or(...checks: readonly Check<unknown>[]): Check<unknown> {
  return (value): value is unknown => checks.some((check) => check(value));
}

export function optional<T>(check: Check<T>): Check<T | undefined> {
  return (value): value is T | undefined => value === undefined || check(value);
}

export function list<T>(check: Check<T>): Check<readonly T[]> {
  return (value): value is readonly T[] => Array.isArray(value) && value.every(check);
}

/** An object whose values are all texts. */
export const texts: Check<Readonly<Record<string, string>>> = (value): value is Readonly<Record<string, string>> =>
  isObject(value) && Object.values(value).every(text);

/** An object with these fields. `T` is what its maker says it is; the fields that matter are checked. */
export function object<T>(fields: { readonly [F in keyof T]?: Check<unknown> } & Readonly<Record<string, Check<unknown>>>): Check<T> {
  const checks = Object.entries(fields);
  return (value): value is T => isObject(value) && checks.every(([name, check]) => (check as Check<unknown>)(value[name]));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
