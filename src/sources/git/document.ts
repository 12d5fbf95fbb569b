import type { GitSpec, SourceDoc } from '../../model/source.ts';
import { shownUrl } from './environment.ts';
import { describe } from './mirror.ts';
import type { SourceRecord } from './record.ts';

/** How it is with a source, for `status`. */
export function document(spec: GitSpec, { fetchedAt, used, problem }: SourceRecord, revision: string | null): SourceDoc {
  const now = used.find((each) => each.revision === revision);
  return {
    kind: 'git',
    url: shownUrl(spec.url),
    ref: describe(spec.ref),
    path: spec.path,
    revision,
    subject: now?.subject ?? null,
    author: now?.author ?? null,
    signer: now?.signer ?? null,
    fetchedAt,
    since: now?.since ?? null,
    problem,
  };
}
