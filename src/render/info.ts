import type { InfoDoc, LastExit } from '../model/documents.ts';
import type { Kind, Spec } from '../model/fields/table.ts';
import type { Monitor } from '../model/wire.ts';
import { ageText } from './ages.ts';
import { pairs } from './columns.ts';
import { letter, why } from './list.ts';
import { plainStyle, printable, type Style } from './style.ts';

/** The value of a field as plans show it, where that is not its JSON. The field table is too heavy for the client. */
export type ShowField = (kind: Kind, field: string, value: unknown) => string | undefined;

/** `info` for people: what is known, nothing that is not. */
export function infoText(doc: InfoDoc, now: number, style: Style = plainStyle, show: ShowField = () => undefined): string {
  const rows: [string, string][] = [['Name', style.bold(doc.name)]];
  const add = (label: string, value: string | number | null | undefined): void => {
    if (value !== null && value !== undefined && value !== '') rows.push([label, String(value)]);
  };
  add('Path', doc.path);
  add('Kind', doc.isolation ? `${doc.kind}, ${doc.isolation}` : doc.kind);
  add('Version', doc.version);
  add('Package', doc.package);
  add('Node', doc.node);
  add('Size', doc.size);
  add('SHA-1', doc.sha1);
  add('Code', doc.codeDigest);
  add('Exports', doc.exports.join(', '));
  add('Declared at', doc.declaredAt && `${doc.declaredAt.file}:${doc.declaredAt.line}`);
  add('Origin', doc.origin && `${doc.origin}${doc.generation ? `, generation ${doc.generation}` : ''}`);
  add('Loaded as', doc.loadedAs?.join(', '));
  add('Not loaded', doc.notLoaded);
  add('State', stateText(doc, now));
  add('Status', doc.status && `${doc.status.level} for ${ageText(doc.status.since, now)}`);
  add('Started', doc.startedAt && `${doc.startedAt}, ${ageText(doc.startedAt, now)} ago`);
  add('PID', doc.pid);
  add('Thread', doc.threadId);
  add('Restarts', doc.restarts);
  add('Containment', doc.containment);
  add('Keeper', doc.keeper);
  add('Last exit', doc.lastExit && exitText(doc.lastExit, now));
  add('Held', doc.held && `${doc.held.reason}${doc.held.until === null ? '' : `, until ${doc.held.until}`}`);
  add('Services', doc.services?.join(', '));
  add('Loaded by', doc.service);
  add('Host', doc.host === doc.name ? null : doc.host);
  add('Requires', doc.requires && marked(doc.requires, doc.reloadedWith, 'reloads this'));
  add('Required by', doc.requiredBy && marked(doc.requiredBy, doc.reloads, 'reloaded with it'));
  add('Waits for', doc.waitingFor?.join(', '));
  add('Spec', doc.spec && doc.kind && specText(doc.kind, doc.spec, show));
  add(
    'Monitors',
    Object.entries(doc.monitors ?? {})
      .map((monitor) => printable(monitorText(monitor)))
      .join('\n'),
  );
  add('Actions', doc.actions?.map(({ name, scoped }) => printable(scoped ? `${name} (in parts)` : name)).join('\n'));
  add('Exceptions', doc.exceptions?.map(({ at, message, stack }) => `${ageText(at, now)} ago: ${lines(stack ?? message)}`).join('\n'));
  add(
    'Options',
    Object.entries(doc.options ?? {})
      .map(([key, value]) => `${key}: ${JSON.stringify(value)}`)
      .join('\n'),
  );
  add('Output', doc.output.map(printable).join('\n'));
  return pairs(rows, style);
}

function lines(text: string): string {
  return text.split('\n').map(printable).join('\n');
}

function monitorText([name, { value, unit }]: [string, Monitor]): string {
  return `${name}: ${String(value)}${unit === undefined ? '' : ` ${unit}`}`;
}

/** Names, with a mark on those along which a reload goes. */
function marked(names: readonly string[], along: readonly string[] | undefined, mark: string): string {
  return names.map((name) => (along?.includes(name) === true ? `${name} (${mark})` : name)).join(', ');
}

function stateText({ state, failed, since, status, stale, ...rest }: InfoDoc, now: number): string | undefined {
  if (state === undefined || since === undefined || status === undefined) return undefined;
  const waitingFor = rest.waitingFor ?? [];
  const text = why({
    state,
    failed: failed === true,
    status,
    stale: stale === true,
    held: null,
    waitingFor,
    lastExit: rest.lastExit ?? null,
  });
  return `${letter({ state, failed: failed === true })} for ${ageText(since, now)}${text === '' ? '' : `: ${text}`}`;
}

function exitText({ at, reason, error }: LastExit, now: number): string {
  return `${ageText(at, now)} ago, ${reason}${error === null ? '' : `\n${error}`}`;
}

/** One field a line, keys sorted; the values as plans show them, or as JSON. What is empty says nothing. */
function specText(kind: Kind, spec: Spec, show: ShowField): string {
  const entries = Object.entries(spec).filter(([, value]) => value !== undefined && !['[]', '{}'].includes(JSON.stringify(value)));
  return entries
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}: ${show(kind, key, value) ?? JSON.stringify(value)}`)
    .join('\n');
}
