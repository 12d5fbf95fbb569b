import type { SourceDoc } from '../model/source.ts';
import { ageText } from './ages.ts';
import { plainStyle, printable, type Style } from './style.ts';

/** As much of a commit as people compare. */
const shownDigits = 12;

export function revisionText(revision: string): string {
  return revision.slice(0, shownDigits);
}

/** Where a config comes from, which commit is used, how old it is, and what is wrong: one line each. */
export function sourceText(doc: SourceDoc, now: number, style: Style = plainStyle): string {
  const { url, ref, path, fetchedAt, problem } = doc;
  const fetched = fetchedAt === null ? 'never fetched' : `fetched ${ageText(fetchedAt, now)} ago`;
  const lines = [`${printable(url)} ${printable(ref)}, ${printable(path)}`, `${usedText(doc, now)}; ${fetched}`];
  if (problem === null) return lines.join('\n');
  const about = problem.revision === null ? '' : ` (${revisionText(problem.revision)})`;
  const text = `${problem.code} for ${ageText(problem.since, now)}${about}: ${printable(problem.message)}`;
  return [...lines, style.error(text)].join('\n');
}

function usedText({ revision, subject, author, signer, since, fetchedAt }: SourceDoc, now: number): string {
  if (revision === null) return fetchedAt === null ? 'no commit is used yet' : 'no commit is used';
  const what = subject === null ? '' : ` "${printable(subject)}"`;
  const who = author === null ? '' : ` by ${printable(author)}`;
  const signed = signer === null ? '' : `, signed by ${printable(signer)}`;
  const used = since === null ? '' : `, used for ${ageText(since, now)}`;
  return `${revisionText(revision)}${what}${who}${signed}${used}`;
}
