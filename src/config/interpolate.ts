export type Environment = Readonly<Record<string, string | undefined>>;

export interface Filled {
  readonly text: string;
  /** Whether the value of a variable, or a default for it, is in it. */
  readonly refers: boolean;
  /** What is wrong, one sentence per variable. */
  readonly problems: readonly string[];
}

const reference = /\$(?:\$|\{([A-Za-z_]\w*)(?::([-?])([^}]*))?\})/g;

/**
 * `${X}`, `${X:-default}`, `${X:?message}`, `$$`; a `$` before anything else is itself (CONTRACT §2). With `:` an empty
 * variable counts as unset, as in a shell. The room `resolve` reads the templates of secrets in the same way.
 */
export function interpolate(template: string, env: Environment): Filled {
  if (!template.includes('$')) return { text: template, refers: false, problems: [] };
  const problems: string[] = [];
  let refers = false;
  const text = template.replace(reference, (_, name?: string, operator?: string, rest = '') => {
    if (name === undefined) return '$';
    refers = true;
    const value = env[name];
    if (value !== undefined && (value !== '' || operator === undefined)) return value;
    if (operator === '-') return rest;
    problems.push(operator === '?' && rest !== '' ? `${name}: ${rest}` : `the variable ${name} is not set`);
    return '';
  });
  return { text, refers, problems };
}

/** The variables that a text refers to, whether they are set or not. */
export function referencesIn(template: string): string[] {
  return template.includes('$') ? [...template.matchAll(reference)].flatMap(([, name]) => (name === undefined ? [] : [name])) : [];
}
