import * as z from 'zod/mini';
import { nameProblem } from '../name.ts';
import { parseDuration, parsePercent, parseSize } from '../units.ts';

/**
 * What a change of a field asks for: `live` is applied to the running instance by muster itself, `reconfigure` is
 * delivered to the module if it handles that (else a reload), `reload` needs a new instance, `ignored` is no part of
 * what a module is (it says when or whether to act) and is never a change.
 */
export type Change = 'live' | 'reconfigure' | 'reload' | 'ignored';

/** One row of the field table. Everything that is said of a field anywhere comes from its row. */
export interface Field<S extends z.core.$ZodType = z.core.$ZodType> {
  schema: S;
  change: Change;
  /** The room that puts the value into effect. */
  applies: 'config' | 'resolve' | 'plan' | 'instances' | 'runners' | 'keeper';
  doc: string;
  /** How a canonical value is shown, where that is not its JSON. */
  show?: (value: never) => string;
  /** Of a live field: the part of it that a running instance cannot take over. */
  fixed?: (value: never) => unknown;
  /** True for what muster says of an entry: nobody writes it. */
  derived?: true;
}

export type Fields = Record<string, Field>;

export function field<S extends z.core.$ZodType>(row: Field<S>): Field<S> {
  return row;
}

function unit<T>(parse: (text: string) => T | null, what: string) {
  return z.transform<string, T>((text, context) => {
    const value = parse(text);
    if (value !== null) return value;
    context.issues.push({ code: 'custom', input: text, message: `expected ${what}, found "${text}"` });
    return z.NEVER as T;
  });
}

const aDuration = 'a duration such as 250ms, 10s, 5m or 1h';

/** Milliseconds, written as `250ms`, `10s`, `5m`, `1h`, or 0. */
export const duration = z.union([z.pipe(z.string(), unit(parseDuration, aDuration)), z.literal(0)], { error: `expected ${aDuration}` });

const aSize = 'a size such as 64K, 256M or 1G';

/** Bytes, written as `64K`, `256M`, `1G` or a number of bytes. */
export const size = z.union([z.int().check(z.nonnegative()), z.pipe(z.string(), unit(parseSize, aSize))], { error: `expected ${aSize}` });

/** A percentage as written, `0%` to `100%`. */
export const percent = z
  .string()
  .check(z.refine((text) => parsePercent(text) !== null, { error: 'expected a percentage such as 50%', abort: true }));

const numeric = /^-?\d+(?:\.\d+)?$/;

/** A number, or the text of one: interpolation only makes strings. */
export const number = z.union([
  z.number(),
  z.pipe(
    z.string(),
    unit((text) => (numeric.test(text) ? Number(text) : null), 'a number'),
  ),
]);

/** A whole number from `least` up. */
export function count(least = 0) {
  return number.check(
    z.refine((value) => Number.isSafeInteger(value) && (value as number) >= least, {
      error: `expected a whole number from ${least} up`,
    }),
  );
}

/** A boolean, or its text: interpolation only makes strings. */
export const flag = z.union([
  z.boolean(),
  z.pipe(
    z.enum(['true', 'false']),
    z.transform((text) => text === 'true'),
  ),
]);

/** A value that is read from elsewhere and never shown: `env:NAME`, `file:PATH`, `exec:ARGV`. */
export const secret = z.strictObject({
  secret: z.string().check(z.regex(/^(?:env|file|exec|text):./s, { error: 'expected env:NAME, file:PATH or exec:ARGV' })),
});
export type SecretRef = z.output<typeof secret> & { fingerprint?: string };

/** Text for the system, which ends it at a NUL byte. */
const text = z.string().check(z.refine((value) => !value.includes('\0'), { error: 'a NUL byte cannot be passed on' }));

/** A string argument; numbers are taken as written. */
export const argument = z.union([
  text,
  z.pipe(
    z.number(),
    z.transform((value) => String(value)),
  ),
]);

/** The name of a variable: all that the system can tell from its value. */
export const envName = z.string().check(z.regex(/^[^=\0]+$/, { error: 'expected the name of a variable' }));

/** A scalar of an environment. */
export const envValue = z.union([
  text,
  z.pipe(
    z.union([z.number(), z.boolean()]),
    z.transform((value) => String(value)),
  ),
  z.null(),
  secret,
]);

/** A name as modules and services have it. */
export const name = z
  .string()
  .check(z.refine((value) => nameProblem(value) === null, { error: ({ input }) => nameProblem(String(input)) ?? '' }));
