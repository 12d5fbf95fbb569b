import { type Document, parseDocument, type YAMLError } from 'yaml';
import { convert } from './convert.ts';
import type { Findings } from './findings.ts';
import { type Dict, lineStarts, type Source } from './node.ts';

export interface Parsed {
  /** Null if the text cannot be used; then there is a finding that says why. */
  readonly root: Dict | null;
  /** True if any part of the text refers to another: no part can be judged by itself. */
  readonly anchored: boolean;
}

/** More findings about the syntax of one file only repeat the first ones. */
const mostErrors = 20;

/** YAML to data with places (DESIGN §2.9). A text with any error gives no data: what the parser made of it looks plausible. */
export function parse(text: string, file: string, findings: Findings, base = 0): Parsed {
  const source: Source = { file, lines: lineStarts(text), base };
  const nothing: Parsed = { root: null, anchored: true };
  let document: Document.Parsed;
  try {
    document = parseDocument(text, { uniqueKeys: false, merge: false, resolveKnownTags: false, prettyErrors: false });
  } catch (error) {
    // The parser is recursive; this is the only way in which it throws.
    if (!(error instanceof RangeError)) throw error;
    findings.error({ source, start: 0, end: 0 }, 'tooDeep', 'nested too deeply to be read');
    return nothing;
  }
  const problems: YAMLError[] = [...document.errors, ...document.warnings];
  const exhausted = problems.find(({ code }) => code === 'RESOURCE_EXHAUSTION');
  if (exhausted !== undefined) {
    // How far it got depends on the stack; the line does not.
    const start = text.lastIndexOf('\n', exhausted.pos[0] - 1) + 1;
    findings.error({ source, start, end: start }, 'tooDeep', 'nested too deeply to be read');
    return nothing;
  }
  for (const problem of problems.slice(0, mostErrors)) report(problem, text, source, findings);
  if (problems.length > 0) return nothing;
  return convert(document, source, findings) ?? nothing;
}

const known: Partial<Record<YAMLError['code'], readonly [code: string, message: string, hint: string]>> = {
  TAB_AS_INDENT: ['tabIndent', 'a tab cannot indent', 'use spaces'],
  MULTIPLE_DOCS: ['multipleDocuments', 'a second document begins here', 'a config file is one document: remove the line ---'],
  TAG_RESOLVE_FAILED: ['unknownTag', 'tags are not supported', 'remove the word that begins with !'],
};

function report({ code, message, pos }: YAMLError, text: string, source: Source, findings: Findings): void {
  const at = { source, start: pos[0], end: pos[1] };
  const mapped = known[code];
  if (mapped !== undefined) findings.error(at, ...mapped);
  else findings.error(at, 'syntax', `${message.charAt(0).toLowerCase()}${message.slice(1)}`.replace(/\s+/g, ' '), quoteHint(text, pos[0]));
}

/** Between brackets the brace of a variable begins a map. */
function quoteHint(text: string, at: number): string | undefined {
  return text.startsWith('${', at - 1) ? 'between brackets a text with a variable in it must be quoted' : undefined;
}
