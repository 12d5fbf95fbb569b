import { parse } from 'yaml';
import { plan } from '../../../src/plan/plan.ts';
import { planText } from '../../../src/render/plan-text.ts';
import { type Given, planInput } from './input.ts';
import { desired, loaded, type Terse } from './modules.ts';

/** One case of a `.txt` file: what runs, what is wanted, and the plan as text (see README.txt beside them). */
interface Pair {
  title: string;
  running: Record<string, Terse | null>;
  wanted: Record<string, Terse | null>;
  options: Record<string, unknown>;
  plan: string;
}

export function parsePairs(text: string): Pair[] {
  return text
    .split(/^=== /m)
    .slice(1)
    .map((chunk) => {
      const [head = '', ...parts] = chunk.split(/^--- /m);
      const sections = new Map(parts.map((part) => [part.slice(0, part.indexOf('\n')).trim(), part.slice(part.indexOf('\n') + 1)]));
      const yaml = (name: string) => (parse(sections.get(name) ?? '') ?? {}) as Record<string, never>;
      return {
        title: head.trim(),
        running: yaml('running'),
        wanted: yaml('wanted'),
        options: yaml('options'),
        plan: (sections.get('plan') ?? '').trim(),
      };
    });
}

/** The plan as text, with the exit code as a last line where it is not 0. */
export function textOf(pair: Pair): string {
  const { request = {}, ...rest } = pair.options as { request?: Record<string, unknown> };
  const given = {
    ...rest,
    request: Object.fromEntries(Object.entries(request).map(([key, value]) => [key, sets.has(key) ? new Set(value as string[]) : value])),
    running: undefined,
  };
  const result = plan(
    planInput({
      ...(given as Given),
      loaded: Object.entries(pair.running).map(([name, terse]) => loaded(name, terse ?? {})),
      desired: Object.entries(pair.wanted).map(([name, terse]) => desired(name, terse ?? {})),
    }),
  );
  return `${planText(result)}${result.exitCode === 0 ? '' : `exit ${result.exitCode}`}`.trim();
}

const sets = new Set(['scope', 'asked', 'again', 'drop']);
