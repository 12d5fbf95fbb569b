import { Document, isMap, isNode, isScalar, type Pair, parseDocument, type YAMLMap } from 'yaml';
import { MusterError } from '../model/error.ts';

export interface SavedEntryOptions {
  /** For messages. */
  readonly file: string;
  readonly name: string;
  /** What the entry is to say; of one that is there only `package` changes. */
  readonly entry: Readonly<Record<string, unknown>> & { readonly package: string };
}

/** The text of a config with a package in it: nothing else of it changes, neither a comment nor an order nor a quote. */
export function withPackage(text: string, { file, name, entry }: SavedEntryOptions): string {
  const document = parseDocument(text);
  const [error] = document.errors;
  if (error !== undefined) throw new MusterError('EINVALIDCONFIG', `${file} has an error, and is not written to: ${error.message}`);
  const saved = spliced(text, document, name, entry) ?? printed(document, name, entry);
  const now = parseDocument(saved);
  if (now.errors.length === 0 && now.getIn(['modules', name, 'package']) === escaped(entry).package) return saved;
  throw new MusterError('EINVAL', `${name} cannot be written into ${file} without changing more than that`, {
    hint: `write there yourself, under modules: ${lineOf(name, entry)}`,
  });
}

/** The text with one value replaced, or one line more; null where it is not laid out for that. */
function spliced(text: string, document: Document.Parsed, name: string, entry: SavedEntryOptions['entry']): string | null {
  const modules = document.get('modules');
  if (modules === undefined || modules === null) {
    if (document.has('modules') || !(document.contents === null || isBlock(document.contents))) return null;
    return `${text}${text === '' || text.endsWith('\n') ? '' : '\n'}modules:\n  ${lineOf(name, entry)}\n`;
  }
  if (!isMap(modules)) return null;
  const present = modules.items.find(({ key }) => isScalar(key) && key.value === name);
  if (present !== undefined) return replaced(text, present, name, entry);
  return isBlock(modules) ? appended(text, modules, lineOf(name, entry)) : null;
}

function replaced(text: string, { value }: Pair, name: string, entry: SavedEntryOptions['entry']): string {
  const said = isMap(value) ? value.items.find(({ key }) => isScalar(key) && key.value === 'package')?.value : undefined;
  if (!isScalar(said) || !said.range) {
    throw new MusterError('EEXIST', `${name} is declared already, and not as a package`, { hint: 'choose another name with --name' });
  }
  const [start, end] = said.range;
  return `${text.slice(0, start)}${scalar(escaped(entry).package)}${text.slice(end)}`;
}

function appended(text: string, modules: YAMLMap, line: string): string | null {
  const last = modules.items.at(-1);
  const end = rangeOf(last?.value)?.[1] ?? rangeOf(last?.key)?.[1];
  const start = rangeOf(modules.items[0]?.key)?.[0];
  if (end === undefined || start === undefined) return null;
  const indent = text.slice(text.lastIndexOf('\n', start - 1) + 1, start);
  if (!/^ +$/.test(indent)) return null;
  const newline = text[end - 1] === '\n' ? end - 1 : text.indexOf('\n', end);
  const at = newline === -1 ? text.length : newline;
  return `${text.slice(0, at)}\n${indent}${line}${text.slice(at)}${newline === -1 ? '\n' : ''}`;
}

function rangeOf(node: unknown): readonly number[] | null | undefined {
  return isNode(node) ? node.range : undefined;
}

/** Where the text is in braces: written anew, with its comments and its order. */
function printed(document: Document.Parsed, name: string, entry: SavedEntryOptions['entry']): string {
  document.setIn(['modules', name], document.createNode(escaped(entry)));
  return document.toString({ lineWidth: 0 });
}

function isBlock(node: unknown): boolean {
  return isMap(node) && node.flow !== true;
}

function lineOf(name: string, entry: SavedEntryOptions['entry']): string {
  const document = new Document(escaped(entry));
  if (isMap(document.contents)) document.contents.flow = true;
  return `${name}: ${document.toString({ lineWidth: 0, flowCollectionPadding: false }).trim()}`;
}

function scalar(text: string): string {
  return new Document(text).toString({ lineWidth: 0 }).trim();
}

/** A dollar in a config may begin a variable. */
function escaped(entry: SavedEntryOptions['entry']): SavedEntryOptions['entry'] {
  return { ...entry, package: entry.package.replaceAll('$', '$$$$') };
}
