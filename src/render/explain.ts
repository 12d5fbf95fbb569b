import type { Position } from '../model/diagnostic.ts';
import type { ExplainDoc, ExplainedField } from '../model/explain.ts';
import { ageText } from './ages.ts';
import { columns, pairs } from './columns.ts';
import type { ShowField } from './info.ts';
import { revisionText } from './source.ts';
import { plainStyle, printable, type Style } from './style.ts';

/** Where a module comes from and why it is as it is, for people. */
export function explainText(doc: ExplainDoc, now: number, style: Style = plainStyle, show: ShowField = () => undefined): string {
  const { declaredAt, revision, commit, loaded, because, fields, requires, requiredBy } = doc;
  const rows: [string, string][] = [['Name', `${style.bold(doc.name)}, ${doc.kind}`]];
  rows.push(['Declared at', declaredAt === null ? 'nowhere' : placeOf(declaredAt)]);
  if (revision !== null) rows.push(['Revision', revisionText(revision)]);
  if (commit !== null) {
    const { author, at, subject } = commit;
    rows.push(['Last change', `${revisionText(commit.commit)} "${printable(subject)}" by ${printable(author)}, ${ageText(at, now)} ago`]);
  }
  rows.push(['Loaded', loaded === null ? 'no' : loadedText(loaded, now)]);
  if (because.length > 0) rows.push(['Because', because.map(({ text }) => printable(text)).join('\n')]);
  if (requires.length > 0) rows.push(['Requires', requires.join(', ')]);
  if (requiredBy.length > 0) rows.push(['Required by', requiredBy.join(', ')]);
  if (fields.length > 0) rows.push(['Fields', columns(fields.map((field) => fieldCells(field, doc, show))).join('\n')]);
  return pairs(rows, style);
}

const states = { I: 'initializing', R: 'running', F: 'finalizing', E: 'exited', B: 'backing off' } as const;
const origins = { config: 'by the config', manual: 'by hand', service: 'by a service' } as const;

function loadedText({ state, failed, since, origin, generation }: NonNullable<ExplainDoc['loaded']>, now: number): string {
  const head = `${failed ? 'failed' : states[state]} for ${ageText(since, now)}, ${origins[origin]}`;
  if (generation === null) return head;
  const { number, at, trigger, reason, by, revision } = generation;
  const who = by === undefined ? '' : ` asked for by ${printable(by)}`;
  const why = reason === null ? '' : ` (${printable(reason)})`;
  const of = revision === undefined ? '' : ` at ${revisionText(revision)}`;
  return `${head}\nas generation ${number} has it${of}: ${ageText(at, now)} ago by ${trigger}${who}${why}`;
}

const whose = { entry: '', defaults: 'defaults', host: 'host', set: 'set by hand' } as const;

function fieldCells({ path, value, from, at }: ExplainedField, { kind, declaredAt }: ExplainDoc, show: ShowField): string[] {
  const place = at === null ? '' : at.file === declaredAt?.file ? `line ${at.line}` : placeOf(at);
  return [path, printable(show(kind, path, value) ?? JSON.stringify(value)), [whose[from], place].filter((text) => text !== '').join(', ')];
}

function placeOf({ file, line }: Position): string {
  return `${printable(file)}:${line}`;
}
