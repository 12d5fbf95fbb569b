import * as library from 'parse-prometheus-text-format';

type Parse = typeof library.default;

/** By a parser of somebody else, from npm. Its build is CommonJS with a default export. */
export function parsed(text: string): ReturnType<Parse> {
  const { default: parse } = library as unknown as { default: Parse | { default: Parse } };
  return typeof parse === 'function' ? parse(text) : parse.default(text);
}
