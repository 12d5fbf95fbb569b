import type { SourceProblem } from '../../model/source.ts';
import { plain } from './plain.ts';
import { missing } from './program.ts';
import { Trouble } from './trouble.ts';

export interface Verified {
  readonly code: number | null;
  /** What git prints with --raw. */
  readonly raw: string;
  /** The object itself, to tell one without a signature. */
  readonly object: string;
}

/** Who signed, from what git says of one object; throws where that is nobody who may. `what`: "commit 1234567". */
export function signerOf({ code, raw, object }: Verified, what: string): string {
  const lines = raw.split('\n').map((line) => line.trim());
  const gnupg = lines.filter((line) => line.startsWith(mark)).map((line) => line.slice(mark.length));
  const good = gnupg.length > 0 ? gnupgSigner(gnupg) : sshSigner(lines);
  if (code === 0 && good !== null) return good;
  throw refusal(lines, gnupg, object, what);
}

const mark = '[GNUPG:] ';

/** Of these a signature has one; several are several signatures, of which a later one may be anybody's. */
const verdicts = ['GOODSIG', 'BADSIG', 'EXPSIG', 'EXPKEYSIG', 'REVKEYSIG', 'ERRSIG'];

function gnupgSigner(statuses: readonly string[]): string | null {
  const found = statuses.filter((status) => verdicts.includes(wordOf(status)));
  const valid = statuses.filter((status) => wordOf(status) === 'VALIDSIG');
  const [only = ''] = found;
  if (found.length !== 1 || wordOf(only) !== 'GOODSIG' || valid.length !== 1) return null;
  const [, fingerprint = ''] = (valid[0] ?? '').split(' ');
  const [, , ...user] = only.split(' ');
  return `${plain(user.join(' '), 120)} (${fingerprint})`;
}

const sshGood = /^Good "git" signature for (.+) with (\S+) key (SHA256:\S+)$/;

function sshSigner(lines: readonly string[]): string | null {
  const found = lines.flatMap((line) => {
    const [, who = '', type = '', key = ''] = sshGood.exec(line) ?? [];
    return key === '' ? [] : [`${plain(who, 120)} (${type} ${key})`];
  });
  return found.length === 1 ? (found[0] ?? null) : null;
}

interface Reason {
  readonly says: RegExp;
  readonly code: SourceProblem;
  readonly text: (found: RegExpExecArray) => string;
}

const reasons: readonly Reason[] = [
  { says: /^REVKEYSIG (\S+)/, code: 'untrusted', text: ([, key]) => `is signed by a key that was revoked (${key})` },
  { says: /^EXPKEYSIG (\S+)/, code: 'untrusted', text: ([, key]) => `is signed by a key that has expired (${key})` },
  { says: /^EXPSIG (\S+)/, code: 'untrusted', text: ([, key]) => `has a signature that has expired (by ${key})` },
  {
    says: /^BADSIG (\S+)/,
    code: 'untrusted',
    text: ([, key]) => `has a signature of ${key} that does not fit: it was changed after it was signed`,
  },
  {
    says: /^(?:NO_PUBKEY|ERRSIG) (\S+)/,
    code: 'untrusted',
    text: ([, key]) => `is signed by ${key}, which is not among source.git.verify.keys`,
  },
  {
    says: /^Good "git" signature with (\S+ key SHA256:\S+)/,
    code: 'untrusted',
    text: ([, key]) => `is signed by ${key}, which is not among source.git.verify.keys, or not for now`,
  },
  {
    says: /Signature verification failed|incorrect signature|Could not verify signature/i,
    code: 'untrusted',
    text: () => 'has a signature that does not fit, or of a key that is not among source.git.verify.keys',
  },
];

function refusal(lines: readonly string[], gnupg: readonly string[], object: string, what: string): Trouble {
  for (const program of ['ssh-keygen', 'gpg']) {
    if (lines.some((line) => new RegExp(`cannot (?:run|exec|spawn) '?${program}\\b`).test(line))) return missing(program);
  }
  if (!isSigned(object)) return new Trouble('unsigned', `${what} is not signed, and source.git.verify asks for a signature`);
  for (const { says, code, text } of reasons) {
    const found = [...gnupg, ...lines].map((line) => says.exec(line)).find((match) => match !== null);
    if (found) return new Trouble(code, `${what} ${text(found)}`);
  }
  const said = plain(lines.filter((line) => !line.startsWith(mark)).join(' '), 200);
  return new Trouble('untrusted', `the signature of ${what} cannot be checked${said === '' ? '' : `: ${said}`}`);
}

/** A commit has it among its headers, a tag at the end of its message. */
function isSigned(object: string): boolean {
  const headers = object.slice(0, object.indexOf('\n\n') + 1);
  if (/^tree /.test(object)) return /^gpgsig(?:-sha256)? /m.test(headers);
  return /^-----BEGIN (?:PGP|SSH) (?:SIGNATURE|MESSAGE)-----$|^-----BEGIN SIGNED MESSAGE-----$/m.test(object);
}

function wordOf(status: string): string {
  return status.split(' ', 1)[0] ?? '';
}
