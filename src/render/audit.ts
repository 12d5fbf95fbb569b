import type { AuditedChange, AuditLine } from '../model/audit.ts';
import { revisionText } from './source.ts';
import { plainStyle, printable, type Style } from './style.ts';

/** More changes than these are counted, not named. */
const mostNamed = 5;
const marks: Readonly<Record<string, string>> = { load: '+', remove: '-', reload: '-/+', reconfigure: '~', rename: '~', adopt: '~' };

/** One line of the audit log: when, who, what, what came of it, and why. Its time is in UTC. */
export function auditText(line: AuditLine, style: Style = plainStyle): string {
  const { at, method, trigger, outcome, exitCode, error, reason, revision, times, recovered } = line;
  const time = at.replace('T', ' ').replace(/\.\d+Z$/, 'Z');
  const commit = revision === undefined ? '' : ` at ${revisionText(revision)}`;
  const result = `${outcome}${exitCode === null || exitCode === 0 ? '' : ` (${exitCode})`}`;
  const parts = [
    style.dim(time),
    printable(whoOf(line)),
    `${style.bold(printable(`${method ?? trigger}${line.changes.length === 0 ? namesIn(line.params) : ''}`))}${commit}`,
    exitCode === null || exitCode === 0 ? result : style.warning(result),
    changesText(line),
    error === null ? '' : printable(`${error.message.replace(/\s*\n\s*/g, ' | ')} (${error.code})`),
    times === undefined || times < 2 ? '' : `${times} times`,
    recovered === true ? 'told by the journal' : '',
    reason === null ? '' : printable(reason),
  ];
  return parts.filter((part) => part !== '').join('  ');
}

/** What was asked for by name, with a space before it. */
function namesIn(params: unknown): string {
  const { name, names } = (params ?? {}) as { readonly name?: unknown; readonly names?: unknown };
  const all = Array.isArray(names) ? names : [name];
  return all.flatMap((one) => (typeof one === 'string' ? [` ${one}`] : [])).join('');
}

/** In their own words, and as the kernel knows them. */
function whoOf({ by, peer }: AuditLine): string {
  const known = peer === null ? '' : `uid ${peer.uid}`;
  if (by === null) return known === '' ? '-' : known;
  return known === '' ? by : `${by} (${known})`;
}

function changesText({ changes, moreChanges }: AuditLine): string {
  const named = changes.length + moreChanges > mostNamed ? changes.slice(0, mostNamed) : changes;
  const more = changes.length + moreChanges - named.length;
  return [...named.map(changeText), ...(more > 0 ? [`${more} more`] : [])].join(', ');
}

function changeText({ action, name, status }: AuditedChange): string {
  return printable(`${marks[action] ?? action} ${name}${status === 'ok' ? '' : ` (${status})`}`);
}
