/** How it is said of a module that what it requires is not there. */
export function waitsFor(names: readonly string[]): string {
  return `waits for ${names.join(', ')}`;
}
