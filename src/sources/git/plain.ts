const longest = 400;

/** Text of others on one line, without what moves a cursor, cut to a length. */
export function plain(text: string, most = longest): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are to go
  const line = text.replace(/[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+/g, ' ').trim();
  return line.length > most ? `${line.slice(0, most)}…` : line;
}
