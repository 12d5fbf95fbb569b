import { type Diagnostic, isError } from '../model/diagnostic.ts';
import { states } from '../model/module.ts';
import type { Summary } from '../model/plan.ts';
import type { LastReconcile, StatusDoc } from '../model/status-doc.ts';
import { ageText, spanText } from './ages.ts';
import { pairs } from './columns.ts';
import { diagnosticsText } from './diagnostics.ts';
import { revisionText, sourceText } from './source.ts';
import { plainStyle, type Style } from './style.ts';

export interface StatusOptions {
  /** ms since the epoch. */
  now: number;
  /** Texts of config files by absolute path, to show the lines that findings are about. */
  sources?: ReadonlyMap<string, string> | undefined;
}

/** `status` on a screen: what is as it should be takes one line each. */
export function statusText(doc: StatusDoc, { now, sources }: StatusOptions, style: Style = plainStyle): string {
  const rows: [string, string][] = [
    ['Daemon', `${doc.name}, pid ${doc.pid}, up ${ageText(doc.startedAt, now)}, muster ${doc.version}, node ${doc.node}`],
    ['State dir', doc.stateDir],
    ['Config', configText(doc, style, sources)],
    ...(doc.source === null ? [] : [['Source', sourceText(doc.source, now, style)] as [string, string]]),
    ['Generation', `${doc.generation}, serial ${doc.serial}${doc.paused ? style.warning(', automatic runs are paused') : ''}`],
    ['Synced', doc.synced ? style.add('yes') : style.warning(`no: ${pendingText(doc)}`)],
    ['Healthy', healthText(doc, style)],
    ['Modules', countsText(doc)],
    ...levels(doc, now, style),
    ['Containment', doc.containment === 'cgroup' ? 'cgroup' : style.warning('process group; no cgroup can be made here')],
    ['Last run', doc.lastReconcile === null ? 'none' : runText(doc.lastReconcile, doc.config.diagnostics, now, style)],
  ];
  if (doc.held.length > 0) rows.push(['Held', doc.held.map((hold) => holdText(hold, now)).join('\n')]);
  if (doc.drift.length > 0) rows.push(['Drift', doc.drift.map(({ name, text }) => style.warning(`${name}: ${text}`)).join('\n')]);
  const conditions = conditionLines(doc);
  if (conditions.length > 0) rows.push(['Conditions', conditions.join('\n')]);
  return pairs(rows, style);
}

/** Those that have more to say get a line of their own. */
function conditionLines({ conditions }: StatusDoc): string[] {
  const short = conditions.filter(({ message }) => message === '').map(({ type, status }) => `${type} ${status ? 'yes' : 'no'}`);
  const long = conditions.filter(({ message }) => message !== '');
  const lines = long.map(({ type, status, reason, message }) => `${type} ${status ? 'yes' : 'no'} (${reason}): ${message}`);
  return short.length === 0 ? lines : [...lines, short.join(', ')];
}

function configText({ config }: StatusDoc, style: Style, sources: ReadonlyMap<string, string> | undefined): string {
  const files = config.files.join('\n');
  const revision = config.revision === null ? '' : ` at ${revisionText(config.revision)}`;
  const found = config.diagnostics.length === 0 ? '' : `\n${diagnosticsText(config.diagnostics, style, sources)}`;
  return config.valid ? `${files}${revision}${found}` : `${files}${revision} ${style.error('invalid; what runs is left as it is')}${found}`;
}

function pendingText({ config, pending }: StatusDoc): string {
  if (!config.valid) return 'the config is invalid';
  const summary = pending.summary === null ? '' : summaryText(pending.summary);
  const guards = pending.guards.length === 0 ? '' : `refused: ${pending.guards.join('; ')}`;
  return [summary, guards].filter((text) => text !== '').join('; ') || 'not known yet';
}

const actionOrder = ['load', 'adopt', 'rename', 'reconfigure', 'reload', 'remove'] as const;

function summaryText(summary: Summary): string {
  const parts = actionOrder.filter((action) => summary[action] > 0).map((action) => `${summary[action]} to ${action}`);
  return parts.join(', ');
}

function healthText({ healthy, unhealthy }: StatusDoc, style: Style): string {
  if (healthy) return style.add('yes');
  return ['no', ...unhealthy.map(({ name, reason }) => `${name}: ${reason}`)].map((line) => style.error(line)).join('\n');
}

/** What modules say of themselves; who is not healthy is named above. */
function levels({ statuses, unhealthy }: StatusDoc, now: number, style: Style): [string, string][] {
  const named = new Set(unhealthy.map(({ name }) => name));
  const lines = statuses
    .filter(({ name }) => !named.has(name))
    .map(({ name, level, message, since }) => `${name}: ${level} for ${ageText(since, now)}${message === '' ? '' : `: ${message}`}`);
  return lines.length === 0 ? [] : [['Status', lines.map((line) => style.warning(line)).join('\n')]];
}

const stateWords = { I: 'initializing', R: 'running', F: 'finalizing', E: 'exited', B: 'backing off' } as const;

function countsText({ counts }: StatusDoc): string {
  const parts = states.filter((state) => (counts[state] ?? 0) > 0).map((state) => `${counts[state]} ${stateWords[state]}`);
  return parts.length === 0 ? 'none' : parts.join(', ');
}

function runText(run: LastReconcile, said: readonly Diagnostic[], now: number, style: Style): string {
  const { at, trigger, by, outcome, exitCode, changes, diagnostics } = run;
  const head = `${ageText(at, now)} ago by ${trigger}${by === undefined ? '' : ` (${by})`}: ${outcome}`;
  const failed = changes.filter(({ status }) => status !== 'ok');
  const lines = failed.map(({ name, action, status, error }) => `${name} ${action} ${status}${error === null ? '' : `: ${error}`}`);
  const errors = diagnostics.filter((found) => isError(found) && !said.some((other) => isSame(found, other)));
  const first = exitCode === 0 ? head : style.error(`${head} (exit code ${exitCode})`);
  return [first, ...lines, ...(errors.length === 0 ? [] : [diagnosticsText(errors, style)])].join('\n');
}

function isSame(a: Diagnostic, b: Diagnostic): boolean {
  return a.code === b.code && a.file === b.file && a.line === b.line && a.column === b.column;
}

function holdText({ name, reason, until, stopped }: StatusDoc['held'][number], now: number): string {
  const which = name === '*' ? 'everything' : name;
  const left = until === null ? 'until released' : `${spanText(Date.parse(until) - now)} left`;
  return `${which}: ${reason}, ${left}${stopped === true ? ', stopped' : ''}`;
}
