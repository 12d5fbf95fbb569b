import type { Colors } from 'picocolors/types.js';
import type { TraceRecord } from '../model/documents.ts';
import { plainStyle, type Style } from '../render/style.ts';

/** Loaded only where colours are wanted: it looks at the terminal as soon as it is there, which takes time. */
export async function loadColours(): Promise<Colors> {
  const { default: picocolors } = await import('picocolors');
  return picocolors.createColors(true);
}

/** Colours where they are given, else none. */
export function makeStyle(colours: Colors | null): Style {
  if (colours === null) return plainStyle;
  const { green, red, yellow, dim, bold } = colours;
  return { add: green, remove: red, change: yellow, error: red, warning: yellow, dim, bold };
}

/** Telling types of messages apart. */
export function messagePaint(colours: Colors | null): (type: TraceRecord['type'], text: string) => string {
  if (colours === null) return (_type, text) => text;
  const { cyan, green, yellow, dim } = colours;
  const paints = { request: cyan, response: green, event: yellow, control: dim };
  return (type, text) => paints[type](text);
}

/** Telling names apart in a mixed stream; the same name keeps its colour for the life of this. */
export function makePalette(colours: Colors | null): (name: string) => string {
  if (colours === null) return (name) => name;
  const { cyan, magenta, green, yellow, blue, red } = colours;
  const paints = [cyan, magenta, green, yellow, blue, red];
  const known = new Map<string, (text: string) => string>();
  return (name) => {
    const paint = known.get(name) ?? paints[known.size % paints.length] ?? cyan;
    known.set(name, paint);
    return paint(name);
  };
}
