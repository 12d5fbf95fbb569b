import equal from 'fast-deep-equal';
import type { FieldChange } from '../model/plan.ts';
import { isTelling, looksSecret } from '../model/settings.ts';

type Show = ((value: never) => string) | undefined;
type Tree = Readonly<Record<string, unknown>> | readonly unknown[];

/** Adds one FieldChange for each leaf that differs below `path`. Absent is null, but beside a null. */
export function walk(path: string, before: unknown, after: unknown, live: boolean, show: Show, into: FieldChange[]): void {
  if (show !== undefined && !holdsSecret(before) && !holdsSecret(after)) {
    const shownBefore = shown(before, show);
    const shownAfter = shown(after, show);
    if (!equal(shownBefore, shownAfter)) {
      descend({ path, live, isFree: isFree(path), hide: false }, shownBefore, shownAfter, into);
      return;
    }
  }
  descend({ path, live, isFree: isFree(path), hide: false }, before, after, into);
}

/** Where a leaf stands. */
interface Place {
  readonly path: string;
  readonly live: boolean;
  /** The keys are the user's own, and may say that nobody should read what stands there. */
  readonly isFree: boolean;
  readonly hide: boolean;
}

function isFree(field: string): boolean {
  return field === 'env' || field === 'config' || field === 'settings';
}

/** A value in human units. A `show` of a structure that gives JSON is a structure again, to be shown leaf by leaf. */
function shown(value: unknown, show: (value: never) => string): unknown {
  if (value === undefined || value === null) return value;
  const text = show(value as never);
  return isTree(value) && text.startsWith('{') ? JSON.parse(text) : text;
}

function descend(place: Place, before: unknown, after: unknown, into: FieldChange[]): void {
  if (equal(before, after)) return;
  if (!canDescend(before, after)) {
    into.push(leaf(place, before, after));
    return;
  }
  for (const key of keysOf(before, after)) {
    const path = typeof key === 'number' ? `${place.path}[${key}]` : `${place.path}${segment(key)}`;
    const hide = place.hide || (place.isFree && typeof key === 'string' && looksSecret(key));
    descend({ ...place, path, hide }, child(before, key), child(after, key), into);
  }
}

/** Both structures of one shape, or one with something in it where nothing was or will be. Secrets are leaves. */
function canDescend(before: unknown, after: unknown): boolean {
  if (isSecret(before) || isSecret(after)) return false;
  if (isTree(before) && isTree(after)) return Array.isArray(before) === Array.isArray(after);
  return (before === undefined && isFilled(after)) || (after === undefined && isFilled(before));
}

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null;
}

function isFilled(value: unknown): boolean {
  return isTree(value) && Object.keys(value).length > 0;
}

function keysOf(before: unknown, after: unknown): (string | number)[] {
  if (Array.isArray(before) || Array.isArray(after)) {
    const length = Math.max(Array.isArray(before) ? before.length : 0, Array.isArray(after) ? after.length : 0);
    return Array.from({ length }, (_, index) => index);
  }
  return [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])].sort();
}

function child(value: unknown, key: string | number): unknown {
  return isTree(value) && Object.hasOwn(value, key) ? (value as Record<string | number, unknown>)[key] : undefined;
}

function segment(key: string): string {
  return /^[A-Za-z_$][\w$-]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}

function leaf({ path, live, hide }: Place, before: unknown, after: unknown): FieldChange {
  if (holdsSecret(before) || holdsSecret(after) || (hide && (isTelling(before) || isTelling(after))))
    return { path, before: null, after: null, live, sensitive: true };
  // Where one side is null and the other absent, the absent one is left out, or the two would look alike.
  if (before === undefined && after === null) return { path, after, live };
  if (after === undefined && before === null) return { path, before, live };
  return { path, before: before ?? null, after: after ?? null, live };
}

function holdsSecret(value: unknown): boolean {
  return isSecret(value) || (isTree(value) && Object.values(value).some(holdsSecret));
}

/** A reference to a secret, `{secret, fingerprint}`: neither of the two is ever shown. */
function isSecret(value: unknown): boolean {
  return isTree(value) && typeof (value as { secret?: unknown }).secret === 'string';
}
