const word = '[A-Za-z0-9_-]+';
const pattern = new RegExp(`^${word}(?:\\.${word})*$`);
const maxLength = 128;
const reserved = new Set(['all', 'none', '__proto__', 'constructor', 'prototype']);

/** What is wrong with a module name, or null (CONTRACT §2). */
export function nameProblem(name: string): string | null {
  if (name === '') return 'a name cannot be empty';
  if (name.length > maxLength) return `a name has at most ${maxLength} characters, this one ${name.length}`;
  if (!pattern.test(name)) return 'a name is words of A-Z a-z 0-9 _ - with single periods between them';
  const words = name.split('.');
  // The daemon is the service `muster`, whatever follows.
  if (reserved.has(name) || words[0] === 'muster' || words.includes('__proto__')) return `the name "${name}" is reserved`;
  return null;
}

/** The service that a dotted name belongs to: all words but the last; null for a plain name. */
export function serviceOfName(name: string): string | null {
  const period = name.lastIndexOf('.');
  return period === -1 ? null : name.slice(0, period);
}

/** Orders names by code unit, the same on every machine and locale. */
export function byName(a: { name: string }, b: { name: string }): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}
