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
