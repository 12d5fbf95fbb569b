import { dirname } from 'node:path/posix';
import * as z from 'zod/mini';
import { argument, duration, secret } from '../model/fields/kit.ts';
import { type NotifySpec, notifyOn } from '../model/notify.ts';
import type { Findings } from './findings.ts';
import type { Environment } from './interpolate.ts';
import type { Dict } from './node.ts';
import { type Rules, toRaw } from './raw.ts';
import { report } from './report.ts';

const address = z.string().check(z.refine((text) => isAddress(text), { error: 'expected a URL that begins with https:// or http://' }));
const headerName = z.string().check(z.regex(/^[\w!#$%&'*+.^`|~-]+$/, { error: 'expected the name of a header' }));
const headerValue = z.string().check(z.regex(/^[\t\x20-\x7e\x80-\xff]*$/, { error: 'expected text without line breaks' }));
const positive = duration.check(z.refine((ms) => (ms as number) > 0, { error: 'expected a duration above 0' }));

/** One entry of `notify:`, as it is written. */
export const receiverSchema = z
  .strictObject({
    on: z._default(z.array(z.enum(notifyOn)).check(z.minLength(1, { error: 'expected at least one event' })), [...notifyOn]),
    url: z.optional(z.union([address, secret])),
    exec: z.optional(z.array(argument).check(z.minLength(1, { error: 'expected a program with its arguments' }))),
    headers: z.optional(z.record(headerName, z.union([headerValue, secret]))),
    timeout: z._default(positive, 10_000),
  })
  .check(
    z.refine(({ url, exec }) => (url === undefined) !== (exec === undefined), { error: 'expected exactly one of url and exec' }),
    z.refine(({ url, headers }) => headers === undefined || url !== undefined, { error: 'headers go with url', path: ['headers'] }),
  );

function isAddress(text: string): boolean {
  return /^https?:\/\//i.test(text) && URL.canParse(text);
}

/** A program with a slash is meant from the file that names it. */
function rules(path: readonly string[]): Rules {
  if (path[0] === 'exec' && path[1] === '0') return { path: 'module' };
  return path[0] === 'url' || (path[0] === 'headers' && path.length === 2) ? { secrets: true } : {};
}

/** Whom to tell of what happens. */
export function readNotify(root: Dict, env: Environment, findings: Findings): readonly NotifySpec[] {
  const pair = root.fields.get('notify');
  if (pair === undefined) return [];
  const { key, value } = pair;
  if (value.kind !== 'list') {
    findings.error(key, 'wrongType', 'notify must be a list', 'write notify: [{url: "https://…"}]');
    return [];
  }
  return value.items.flatMap((node): NotifySpec[] => {
    if (node.kind !== 'dict') {
      findings.error(node.end > node.start ? node : key, 'wrongType', 'an entry of notify must be a map with url or exec');
      return [];
    }
    const before = findings.all.length;
    const raw = toRaw(node, { env, findings, rules, secrets: [] });
    if (findings.all.length > before) return [];
    const parsed = receiverSchema.safeParse(raw);
    if (parsed.success) return [{ ...(parsed.data as Omit<NotifySpec, 'cwd'>), cwd: dirname(node.source.file) }];
    report(parsed.error.issues, { schema: receiverSchema, raw, node, key: node, findings });
    return [];
  });
}
