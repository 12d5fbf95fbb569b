import { nestingLimit } from '../model/bus.ts';

/** Whether a JSON text is nested deeper than `nestingLimit`; told without parsing it, which would take as long as it is deep. */
export function isTooDeep(text: string): boolean {
  if (text.length <= 2 * nestingLimit) return false;
  let depth = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (quoted) {
      if (code === backslash) at += 1;
      else if (code === quote) quoted = false;
    } else if (code === quote) quoted = true;
    else if (code === bracket || code === brace) {
      depth += 1;
      if (depth > nestingLimit) return true;
    } else if (code === bracketEnd || code === braceEnd) depth -= 1;
  }
  return false;
}

const quote = 0x22;
const backslash = 0x5c;
const bracket = 0x5b;
const bracketEnd = 0x5d;
const brace = 0x7b;
const braceEnd = 0x7d;
