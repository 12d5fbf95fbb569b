import type { GenerationDoc, GenerationHead, HeadChange, HistoryDoc, KeptHead } from '../model/generation.ts';
import type { Action } from '../model/plan.ts';
import { formatDuration } from '../model/units.ts';
import { ageText } from './ages.ts';
import { columns, pairs } from './columns.ts';
import { planText } from './plan-text.ts';
import { plainStyle, printable, type Style } from './style.ts';

const head = ['', 'Gen', 'Age', 'Trigger', 'Outcome', 'Healthy', 'Changes', 'Why'];
/** Of a screen. Names are never cut; why it came to be stands whole in `history show`. */
const width = 80;
const leastWhy = 12;
/** More changes than these are counted, not named. */
const mostNamed = 3;
const marks: Record<Action, string> = { load: '+', remove: '-', reload: '-/+', reconfigure: '~', rename: '~', adopt: '~' };

/** `history` on a screen, newest first; the one in force has a star. */
export function historyText(doc: HistoryDoc, { now }: { now: number }, style: Style = plainStyle): string {
  const { generations, generation, paused } = doc;
  const notes =
    paused === null ? [] : [style.warning(`Automatic runs are paused since ${paused.since}; muster reload applies the config.`)];
  if (generations.length === 0) return 'No generation yet.\n';
  const rows = generations.map((each) => row(each, each.number === generation, now));
  const why = generations.map(whyOf);
  const [first = '', ...lines] = columns([head.slice(0, -1), ...rows], new Set([1]));
  const whole = lines.map((line, index) => withWhy(line, why[index] ?? ''));
  const titles = why.some((text) => text !== '') ? withWhy(first, head.at(-1) ?? '') : first;
  const shown = whole.map((line, index) => ((generations[index]?.run?.exitCode ?? 0) === 0 ? line : style.warning(line)));
  return `${[style.bold(titles), ...shown, ...notes].join('\n')}\n`;

  function withWhy(line: string, text: string): string {
    const indent = Math.max(first.length, ...lines.map((each) => each.length)) + 2;
    return text === '' ? line : `${line.padEnd(indent)}${cut(text, Math.max(leastWhy, width - indent))}`;
  }
}

function row({ number, at, run, healthyAt, ...rest }: KeptHead, inForce: boolean, now: number): string[] {
  const changes = run === undefined ? '-' : changesText(run.changes, run.changed);
  return [
    inForce ? '*' : '',
    String(number),
    ageText(at, now),
    triggerOf(rest),
    run?.outcome ?? '-',
    healthyAt === null ? 'no' : 'yes',
    changes,
  ];
}

function triggerOf({ trigger, rollbackOf }: Pick<GenerationHead, 'trigger' | 'rollbackOf'>): string {
  return rollbackOf === undefined ? trigger : `${trigger} to ${rollbackOf}`;
}

function changesText(changes: readonly HeadChange[], count: number): string {
  if (count === 0) return 'none';
  if (count > mostNamed) return `${count} changes`;
  return changes.map(({ action, name, status }) => `${marks[action]} ${name}${status === 'ok' ? '' : ` (${status})`}`).join(', ');
}

function whyOf({ reason, by, revision }: KeptHead): string {
  const who = by === undefined ? '' : `by ${by}`;
  return [revision?.slice(0, 7) ?? '', printable(reason ?? ''), printable(who)].filter((text) => text !== '').join(' ');
}

function cut(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}

/** `history show N` on a screen: who, when and why, what it was made of, what was done, and what it had. */
export function generationText(doc: GenerationDoc, { now }: { now: number }, style: Style = plainStyle): string {
  const { number, at, inForce, reason, by, revision, files, configDigest, run, result, healthyAt, modules } = doc;
  const rows: [string, string][] = [
    ['Generation', `${number}${inForce ? ', in force' : ''}`],
    ['Made', `${at}, ${ageText(at, now)} ago`],
    ['Trigger', `${triggerOf(doc)}${by === undefined ? '' : `, asked by ${printable(by)}`}`],
    ...(reason === null ? [] : [['Reason', printable(reason)] as [string, string]]),
    ...(revision === undefined ? [] : [['Revision', revision] as [string, string]]),
    [
      'Config',
      [configDigest, ...files.map(({ path, sha256 }) => `${path} ${sha256.slice(0, 12)}`)].filter((line) => line !== '').join('\n'),
    ],
    ['Outcome', run === undefined ? 'not recorded' : `${run.outcome}, exit code ${run.exitCode}, in ${formatDuration(run.durationMs)}`],
    ['Healthy', healthyAt === null ? 'never seen to be' : `since ${healthyAt}`],
  ];
  const had = columns(modules.map(({ name, kind, version, codeDigest }) => [name, kind, version ?? '-', codeDigest?.slice(0, 12) ?? '-']));
  const plan = result === null ? [] : [style.bold('Plan and result'), planText(result, style).trimEnd(), ''];
  return `${pairs(rows, style)}\n${[...plan, style.bold(`Modules (${modules.length}): version, code`), ...had].join('\n')}\n`;
}
