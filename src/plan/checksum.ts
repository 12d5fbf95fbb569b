import { canonicalJson } from '../model/canonical.ts';
import type { Plan, Result } from '../model/plan.ts';

/**
 * Over everything a plan says but for its id, its time, and the exit code, which is also the caller's to choose. It tells plans apart and finds what was damaged on the way; it
 * proves nothing about who wrote them (a saved plan is signed by the daemon for that).
 */
export function planChecksum(plan: Plan | Result): string {
  const { id, createdAt, exitCode, checksum, ...rest } = plan;
  return hash64(canonicalJson(rest));
}

/** Over a document of any other kind, as it comes back from a file. */
export function documentChecksum(document: object): string {
  return hash64(canonicalJson(document));
}

/** 64 bits in two lanes of 32, after MurmurHash3's mixing: here there is no `node:crypto`. */
function hash64(text: string): string {
  let high = 0xdeadbeef;
  let low = 0x41c6ce57;
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i);
    high = Math.imul(high ^ unit, 0x9e3779b1);
    low = Math.imul(low ^ unit, 0x5f356495);
  }
  high = Math.imul(high ^ (high >>> 16), 0x85ebca6b) ^ Math.imul(low ^ (low >>> 13), 0xc2b2ae35);
  low = Math.imul(low ^ (low >>> 16), 0x85ebca6b) ^ Math.imul(high ^ (high >>> 13), 0xc2b2ae35);
  return hex(high) + hex(low);
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, '0');
}
