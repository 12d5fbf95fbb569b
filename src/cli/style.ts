import pc from 'picocolors';
import { plainStyle, type Style } from '../render/style.ts';

/** Colours only on a terminal, and not where they are not wanted. */
export function makeStyle(colours: boolean): Style {
  if (!colours) return plainStyle;
  const { green, red, yellow, dim, bold } = pc.createColors(true);
  return { add: green, remove: red, change: yellow, error: red, warning: yellow, dim, bold };
}

/** Telling names apart in a mixed stream; the same name keeps its colour for the life of this. */
export function makePalette(colours: boolean): (name: string) => string {
  if (!colours) return (name) => name;
  const { cyan, magenta, green, yellow, blue, red } = pc.createColors(true);
  const paints = [cyan, magenta, green, yellow, blue, red];
  const known = new Map<string, (text: string) => string>();
  return (name) => {
    const paint = known.get(name) ?? paints[known.size % paints.length] ?? cyan;
    known.set(name, paint);
    return paint(name);
  };
}
