import { type core, safeParse } from 'zod/mini';
import { didYouMean } from '../model/suggest.ts';

export interface Complaint {
  readonly path: readonly PropertyKey[];
  readonly code: string;
  readonly message: string;
  readonly hint?: string | undefined;
  /** The place is the key, not the value. */
  readonly atKey?: boolean;
}

/** What zod found, in our own words: the mini variant has none, and it buries what matters in unions. */
export function complaints(issues: readonly core.$ZodIssue[], schema: core.$ZodType, raw: unknown): Complaint[] {
  return issues.flatMap((issue) => explain(issue, schema, raw, []));
}

function explain(issue: core.$ZodIssue, schema: core.$ZodType, raw: unknown, above: readonly PropertyKey[]): Complaint[] {
  const path = [...above, ...issue.path];
  const value = valueAt(raw, path);
  switch (issue.code) {
    case 'unrecognized_keys': {
      const known = keysAt(schema, path);
      return issue.keys.map((key) => ({
        path: [...path, key],
        code: 'unknownKey',
        message: `unknown key "${key}"${path.length === 0 ? '' : ` in ${path.map(String).join('.')}`}`,
        hint: didYouMean(key, known) ?? (known.length === 0 ? undefined : `there are: ${known.join(', ')}`),
        atKey: true,
      }));
    }
    case 'invalid_type':
      if (value === undefined) return [missing(path)];
      return [wrongType(issue.expected, value, schema, path)];
    case 'invalid_value': {
      if (value === undefined) return [missing(path)];
      const values = issue.values.map(String);
      const hint = typeof value === 'string' ? didYouMean(value, values) : undefined;
      return [{ path, code: 'badValue', message: `expected ${oneOf(values)}, found ${describe(value)}`, hint }];
    }
    case 'too_small':
      return [{ path, code: 'badValue', message: tooSmall(issue.origin, Number(issue.minimum), value) }];
    case 'too_big':
      return [{ path, code: 'badValue', message: `expected at most ${issue.maximum}, found ${describe(value)}` }];
    case 'invalid_union':
      return explainUnion(issue, schema, raw, path);
    case 'invalid_key':
      return issue.issues.map((inner) => ({ path, code: 'badKey', message: withFound(inner.message, path.at(-1)), atKey: true }));
    case 'invalid_element':
      return issue.issues.flatMap((inner) => explain(inner, schema, raw, path));
    default:
      return [{ path, code: 'badValue', message: withFound(issue.message, value) }];
  }
}

function missing(path: readonly PropertyKey[]): Complaint {
  return { path, code: 'missingKey', message: `${String(path.at(-1))} is missing` };
}

/** A number where text belongs is often a duration without its unit, or text that lacks quotes. */
function wrongType(expected: string, value: unknown, schema: core.$ZodType, path: readonly PropertyKey[]): Complaint {
  const complaint: Complaint = { path, code: 'wrongType', message: `expected ${typeText(expected)}, found ${describe(value)}` };
  if (expected !== 'string' || (typeof value !== 'number' && typeof value !== 'boolean')) return complaint;
  const [meant] = schemasAt(schema, path);
  const tried = meant === undefined ? undefined : safeParse(meant, String(value));
  if (tried?.success === false) return { path, code: 'badValue', message: withFound(tried.error.issues[0]?.message ?? '', value) };
  return { ...complaint, hint: `write "${value}"` };
}

/** The branch that came furthest is the one that was meant; where none came anywhere, all that would do is named. */
function explainUnion(issue: core.$ZodIssueInvalidUnion, schema: core.$ZodType, raw: unknown, path: readonly PropertyKey[]): Complaint[] {
  const value = valueAt(raw, path);
  if (value === undefined) return [missing(path)];
  if (issue.message !== unsaid) {
    return [{ path, code: typeof value === 'object' ? 'wrongType' : 'badValue', message: withFound(issue.message, value) }];
  }
  const branches = issue.errors.filter((errors) => errors.length > 0);
  const fitting = branches.filter((errors) => !errors.some((inner) => misfits(inner, value)));
  const best = furthest(fitting);
  if (best !== undefined) return best.flatMap((inner) => explain(inner, schema, raw, path));
  const expected = branches.flatMap((errors) => errors.flatMap(expectations));
  if (expected.length === 0) return [{ path, code: 'badValue', message: `${describe(value)} cannot stand here` }];
  return [{ path, code: 'wrongType', message: `expected ${oneOf([...new Set(expected)])}, found ${describe(value)}` }];
}

/** Whether the branch is for another type of value altogether. */
function misfits({ path, ...issue }: core.$ZodIssue, value: unknown): boolean {
  if (path.length > 0) return false;
  if (issue.code === 'invalid_union') return issue.errors.every((errors) => errors.some((inner) => misfits(inner, value)));
  return issue.code === 'invalid_type' || (issue.code === 'invalid_value' && typeof value !== 'string');
}

function furthest(branches: readonly core.$ZodIssue[][]): core.$ZodIssue[] | undefined {
  const depth = (errors: readonly core.$ZodIssue[]): number => Math.max(...errors.map((inner) => inner.path.length));
  return [...branches].sort((a, b) => depth(b) - depth(a))[0];
}

function expectations(issue: core.$ZodIssue): string[] {
  if (issue.code === 'invalid_type') return [typeText(issue.expected)];
  if (issue.code === 'invalid_value') return [oneOf(issue.values.map(String))];
  return issue.code === 'invalid_union' ? issue.errors.flatMap((errors) => errors.flatMap(expectations)) : [];
}

/** The message of the mini variant of zod where a field does not say itself what it expects. */
const unsaid = 'Invalid input';

const typeTexts: Record<string, string> = {
  string: 'a string',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  tuple: 'a list',
  object: 'a map',
  record: 'a map',
  null: 'nothing',
};

function typeText(type: string): string {
  return typeTexts[type] ?? type;
}

function tooSmall(origin: string, minimum: number, value: unknown): string {
  if (minimum === 1 && (origin === 'string' || origin === 'array')) return 'must not be empty';
  if (Array.isArray(value)) return `expected ${minimum} items, found ${value.length}`;
  return `expected at least ${minimum}, found ${describe(value)}`;
}

function withFound(message: string, value: unknown): string {
  return message.includes('found') ? message : `${message}, found ${describe(value)}`;
}

function oneOf(values: readonly string[]): string {
  return values.length < 2 ? values.join('') : `${values.slice(0, -1).join(', ')} or ${values.at(-1)}`;
}

/** A value for people. */
export function describe(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a map';
  return typeof value === 'string' ? JSON.stringify(value.length > 60 ? `${value.slice(0, 57)}…` : value) : String(value);
}

function valueAt(raw: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((inner, key) => (inner as Record<PropertyKey, unknown> | null | undefined)?.[key], raw);
}

/** The keys that an object at a path of the schema has; the union of them where it is a union. */
function keysAt(schema: core.$ZodType, path: readonly PropertyKey[]): string[] {
  const shapes = schemasAt(schema, path).flatMap(insides);
  return shapes.flatMap((inner) => Object.keys((inner._zod.def as { shape?: object }).shape ?? {}));
}

/** What judges the value at a path; several where there is a union on the way. */
function schemasAt(schema: core.$ZodType, path: readonly PropertyKey[]): core.$ZodType[] {
  const [first, ...rest] = path;
  if (first === undefined) return [schema];
  return insides(schema).flatMap((inner) => {
    const definition = inner._zod.def as { shape?: Record<string, core.$ZodType>; element?: core.$ZodType; valueType?: core.$ZodType };
    const next = definition.shape?.[String(first)] ?? definition.element ?? definition.valueType;
    return next === undefined ? [] : schemasAt(next, rest);
  });
}

/** What is inside of defaults, optionals, pipes and unions. */
function insides(schema: core.$ZodType): core.$ZodType[] {
  const definition = schema._zod.def as { innerType?: core.$ZodType; options?: core.$ZodType[]; in?: core.$ZodType };
  if (definition.options !== undefined) return definition.options.flatMap(insides);
  const inner = definition.innerType ?? definition.in;
  return inner === undefined ? [schema] : insides(inner);
}
