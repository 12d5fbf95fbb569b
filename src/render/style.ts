/** Colours are functions that are passed in: a pipe, `NO_COLOR` and documents get the plain ones. */
export interface Style {
  add(text: string): string;
  remove(text: string): string;
  change(text: string): string;
  error(text: string): string;
  warning(text: string): string;
  dim(text: string): string;
  bold(text: string): string;
}

const plain = (text: string): string => text;

export const plainStyle: Style = { add: plain, remove: plain, change: plain, error: plain, warning: plain, dim: plain, bold: plain };

/** What others wrote (modules, people), without the control characters with which it could write over our lines. */
export function printable(text: string): string {
  return text.replace(sequences, '').replace(controls, ' ');
}

const sequences = new RegExp(`${String.fromCharCode(27)}\\[[0-?]*[ -/]*[@-~]`, 'g');
const controls = new RegExp(
  `[${String.fromCharCode(0)}-${String.fromCharCode(31)}${String.fromCharCode(127)}-${String.fromCharCode(159)}]`,
  'g',
);
