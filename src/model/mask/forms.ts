import { readings } from './views.ts';

/** A secret with fewer bytes cannot be told from ordinary text; it is hidden in its own field only (CONTRACT §6). */
export const leastBytes = 6;

/** Widths at which programs break base64 into lines: `base64` and PEM. */
const widths = [76, 64];
/** A piece of base64 that is shorter says little. */
const leastPiece = 16;

export function isMaskable(text: string): boolean {
  return text.length >= leastBytes || Buffer.byteLength(text) >= leastBytes;
}

/**
 * What to look for, for a secret to be found: itself; its lines, for output is shown by lines; these in base64 wherever they begin in
 * what was encoded; in hex; in one of these within the other. How it looks when it is escaped is not here: text is unescaped before it is searched.
 */
export function formsOf(secret: string): readonly string[] {
  if (!isMaskable(secret)) return [];
  const forms = new Set<string>();
  const lines = secret.split(/[\r\n]+/).map((line) => line.trim());
  for (const part of new Set([secret, ...lines.filter(isMaskable)])) {
    for (const text of spellingsOf(part)) for (const form of [text, ...readings(text)]) forms.add(form);
    for (const text of encodedOnce(part)) forms.add(text);
  }
  for (const text of encodedTwice(secret)) forms.add(text);
  return [...forms].filter(isMaskable);
}

/** As it is within quotes that are not escaped by a sign before them, and in the query of a URL, where `+` is a blank. */
function spellingsOf(text: string): string[] {
  const quoted = ["'\\''", `'"'"'`, "''"].map((written) => text.replaceAll("'", written));
  return [text, ...quoted, text.replaceAll('"', '""'), text.replaceAll(' ', '+')];
}

function encodedOnce(text: string): string[] {
  const bytes = Buffer.from(text);
  return [...base64Of(bytes), ...hexOf(bytes)];
}

/** In base64 and hex in each other, as a secret of Kubernetes is that somebody has encoded before. */
function encodedTwice(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const inner = [...[0, 1, 2].map((before) => coreOf(bytes, before)), ...hexOf(bytes)].map((text) => Buffer.from(text));
  return inner.flatMap((text) => [...[0, 1, 2].map((before) => coreOf(text, before)), ...hexOf(text)]);
}

function hexOf(bytes: Buffer): string[] {
  const hex = bytes.toString('hex');
  return [hex, hex.toUpperCase()];
}

function base64Of(bytes: Buffer): string[] {
  const whole = bytes.toString('base64');
  const pieces = widths.flatMap((width) => (whole.length <= width ? [] : piecesOf(whole, width)));
  const texts = [whole, ...pieces.filter((piece) => piece.length >= leastPiece), ...[0, 1, 2].map((before) => coreOf(bytes, before))];
  return texts.flatMap((text) => [text, text.replaceAll('+', '-').replaceAll('/', '_')]);
}

function piecesOf(text: string, width: number): string[] {
  return Array.from({ length: Math.ceil(text.length / width) }, (_, index) => text.slice(index * width, (index + 1) * width));
}

/** The characters of base64 that say something of these bytes alone, where so many bytes come before them. */
function coreOf(bytes: Buffer, before: number): string {
  const text = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64');
  return text.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6));
}
