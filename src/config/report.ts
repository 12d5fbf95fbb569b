import type { core } from 'zod/mini';
import type { Findings } from './findings.ts';
import { complaints } from './issues.ts';
import { type Dict, type Located, nodeAt, placeAt } from './node.ts';

export interface Judged {
  readonly schema: core.$ZodType;
  readonly raw: unknown;
  /** What `raw` was made from. */
  readonly node: Dict;
  /** The key it stands under. */
  readonly key: Located;
  readonly findings: Findings;
}

/** What a schema found, as findings with places. */
export function report(issues: readonly core.$ZodIssue[], { schema, raw, node, key, findings }: Judged): void {
  for (const { path, code, message, hint, atKey } of complaints(issues, schema, raw)) {
    const parent = atKey ? nodeAt(node, path.slice(0, -1)) : undefined;
    const ownKey = parent?.kind === 'dict' ? parent.fields.get(String(path.at(-1)))?.key : undefined;
    const text = path.length === 0 || atKey ? message : `${path.map(String).join('.')}: ${message}`;
    findings.error(ownKey ?? placeAt(node, key, path), code, text, hint);
  }
}
