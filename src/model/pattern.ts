/** What is wrong with a regular expression of JavaScript; null: nothing. */
export function patternProblem(text: string): string | null {
  try {
    new RegExp(text);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
