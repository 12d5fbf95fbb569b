import { fileText, placeText } from '../model/place.ts';
import type { Action, Change, ChangeResult, FieldChange, HeldEntry, Plan, Result } from '../model/plan.ts';
import { formatDuration } from '../model/units.ts';
import { belowTheirHosts } from './host-groups.ts';

/** One line of a plan, in any format. */
export interface PlanRow {
  /** Empty: the name heads what stands below it. */
  mark: '+' | '~' | '-/+' | '-' | '=' | '?' | '.' | '';
  name: string;
  /** The host below which it is declared; of a host its own name. */
  host?: string;
  /** How many hosts stand above it. */
  depth: number;
  /** Isolation of code, else the kind. */
  kind: string;
  what: string;
  details: string;
  /** Where it is declared, if `details` does not say so. */
  place: string;
  change: Change | ChangeResult | null;
}

const marks: Record<Action, PlanRow['mark']> = { load: '+', remove: '-', reload: '-/+', reconfigure: '~', rename: '~', adopt: '~' };

/**
 * All rows of a plan or result in their order: changes as they are done, then what is passed over and left alone; what
 * belongs to a host where the first of that is.
 */
export function planRows(doc: Plan | Result): PlanRow[] {
  const main = doc.config.files[0]?.path;
  const changed = new Set(doc.changes.map((change) => change.name));
  return belowTheirHosts([
    ...doc.changes.map((change): PlanRow => changeRow(change, main)),
    ...doc.held.map(
      (entry): PlanRow => ({
        ...nameplate(entry),
        mark: '=',
        what: 'held',
        details: heldDetails(entry, doc.createdAt),
        place: '',
        change: null,
      }),
    ),
    ...doc.unmanaged.map(
      (entry): PlanRow => ({ ...nameplate(entry), mark: '?', what: 'unmanaged', details: entry.reason.text, place: '', change: null }),
    ),
    ...doc.skipped
      .filter((entry) => entry.reason.code !== 'disabled' && !changed.has(entry.name))
      .map((entry): PlanRow => ({ ...nameplate(entry), mark: '.', what: 'skipped', details: entry.reason.text, place: '', change: null })),
  ]);
}

/** The main config file for people, or the generation that is gone back to; empty for what neither asked for. */
export function mainFile(doc: Plan | Result): string {
  if (doc.rollbackOf !== undefined) return `generation ${doc.rollbackOf}`;
  const main = doc.config.files[0]?.path;
  return main === undefined ? '' : fileText(main, main);
}

interface Named {
  name: string;
  kind: string;
  isolation: string | null;
  host?: string;
}

function nameplate({ name, kind, isolation, host }: Named) {
  return { name, kind: isolation ?? kind, depth: 0, ...(host === undefined ? {} : { host }) };
}

function changeRow(change: Change | ChangeResult, main: string | undefined): PlanRow {
  const fields = change.fields.filter((field) => !isAsked(field)).map(fieldText);
  const says = fields.length === 0 || !['changed', 'codeChanged'].includes(change.reason.code);
  const version = change.version === undefined || change.action !== 'load' ? '' : `version ${change.version}`;
  const details = [says ? change.reason.text : '', version, fields.join(', ')].filter((text) => text !== '').join('; ');
  const place = change.source !== null && change.action !== 'load' && change.action !== 'remove' ? placeText(change.source, main) : '';
  return { ...nameplate(change), mark: marks[change.action], what: change.action, details, place, change };
}

/** No field of the config differs there: that another instance is asked for is what the reason says. */
function isAsked({ path }: FieldChange): boolean {
  return path === 'instance' || path.startsWith('requires.');
}

/** One changed field, e.g. `config.ttl 30 -> 60 (live)`. */
export function fieldText({ path, before, after, live, sensitive }: FieldChange): string {
  if (sensitive === true) return `${path} (secret)${live ? ' (live)' : ''}`;
  const absent = before === undefined || after === undefined ? undefined : null;
  const valueText = (value: unknown): string => (value === absent ? 'none' : JSON.stringify(value));
  return `${path} ${valueText(before)} -> ${valueText(after)}${live ? ' (live)' : ''}`;
}

function heldDetails({ reason, until, would }: HeldEntry, createdAt: string): string {
  const left = until === null ? '' : `, ${about(Date.parse(until) - Date.parse(createdAt))} left`;
  return `${reason}${left}${would === null ? '' : `; would ${would}`}`;
}

/** A span by its largest unit, e.g. 3h59m -> `3h`. */
function about(ms: number): string {
  const units = [3_600_000, 60_000, 1000];
  const unit = units.find((size) => ms >= size) ?? 1000;
  return formatDuration(Math.max(unit, Math.floor(ms / unit) * unit));
}
