import { type ErrorCode, MusterError } from '../model/error.ts';

interface Kind {
  readonly codes: RegExp;
  readonly code: ErrorCode;
  readonly what: string;
  readonly hint?: string;
}

const kinds: readonly Kind[] = [
  {
    codes: /^E404$/,
    code: 'ENOENT',
    what: 'the registry has no such package',
    hint: 'check its name; a private one needs a token in .npmrc',
  },
  { codes: /^ETARGET$/, code: 'ENOENT', what: 'there is no version like that', hint: 'npm view NAME versions' },
  {
    codes:
      /^(?:ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTCACHED|E5\d\d|ERR_SOCKET_TIMEOUT|FETCH_ERROR)$/,
    code: 'EHOSTUNREACH',
    what: 'the registry cannot be reached',
    hint: 'check the network, the proxy and `npm config get registry`; nothing was changed',
  },
  {
    codes: /^(?:E401|E403|ENEEDAUTH|EOTP)$/,
    code: 'EACCES',
    what: 'the registry refuses it',
    hint: 'put a token into the .npmrc of the user of the daemon',
  },
  { codes: /^EINTEGRITY$/, code: 'EIO', what: 'what came is not what the registry promised' },
  { codes: /^ENOSPC$/, code: 'ENOSPC', what: 'the disk is full' },
  {
    codes: /^(?:EINVALIDPACKAGENAME|EINVALIDTAGNAME|EUNSUPPORTEDPROTOCOL|EUNSUPPORTEDURL)$/,
    code: 'EINVAL',
    what: 'npm takes no such spec',
  },
  { codes: /^ENOENT$/, code: 'ENOENT', what: 'a file is missing' },
  { codes: /^(?:EBADENGINE|EBADPLATFORM)$/, code: 'ENOTSUP', what: 'it does not run here' },
];

/** What npm printed, on its two streams. */
export interface NpmOutput {
  readonly stdout: string;
  readonly stderr: string;
}

/** Why npm failed, in the words of muster and of npm. `scrub` takes tokens out. */
export function npmFailure(what: string, end: string, { stdout, stderr }: NpmOutput, scrub: (text: string) => string): MusterError {
  const { code, summary } = told(stdout) ?? toldInText(stderr);
  const kind = kinds.find(({ codes }) => codes.test(code));
  const reason = oneLine(scrub(summary)) || end;
  const words = kind === undefined ? reason : `${kind.what}: ${reason}`;
  return new MusterError(kind?.code ?? 'EFAILED', `${what}: ${words}${code === '' ? '' : ` (npm ${code})`}`, {
    ...(kind?.hint === undefined ? {} : { hint: kind.hint }),
    output: lastLines(scrub(stderr)),
  });
}

/** What npm says with --json. */
function told(stdout: string): { code: string; summary: string } | null {
  const begin = stdout.indexOf('{');
  if (begin === -1) return null;
  try {
    const { error } = JSON.parse(stdout.slice(begin)) as { error?: { code?: unknown; summary?: unknown; detail?: unknown } };
    if (error === undefined) return null;
    const summary = [error.summary, error.detail].find((text) => typeof text === 'string' && text !== '');
    return { code: typeof error.code === 'string' ? error.code : '', summary: typeof summary === 'string' ? summary : '' };
  } catch {
    return null;
  }
}

function toldInText(stderr: string): { code: string; summary: string } {
  const lines = stderr.split('\n').flatMap((line) => /^npm (?:error|ERR!) ?(.*)$/.exec(line)?.[1] ?? []);
  const code = lines.flatMap((line) => /^code (\S+)$/.exec(line)?.[1] ?? [])[0] ?? '';
  return {
    code,
    summary: lines
      .filter((line) => !/^(?:code|errno|syscall|path) /.test(line))
      .slice(0, 3)
      .join(' '),
  };
}

function oneLine(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > longest ? `${line.slice(0, longest)}…` : line;
}

const longest = 400;
const mostLines = 20;

function lastLines(text: string): string[] {
  return text.trimEnd().split('\n').slice(-mostLines);
}

/** Tokens and passwords as they stand in URLs and settings of npm, and those that its environment holds. */
export function npmScrubber(env: Readonly<Record<string, string>>): (text: string) => string {
  const values = Object.entries(env).flatMap(([name, value]) => (/token|auth|passw/i.test(name) && value.length >= 6 ? [value] : []));
  return (text) => {
    let clean = text
      .replace(/(\/\/)[^/\s@]+@/g, '$1***@')
      .replace(/(_auth(?:token)?|_password)(\s*[=:]\s*)\S+/gi, '$1$2***')
      .replace(/\bnpm_[A-Za-z0-9]{20,}/g, '***');
    for (const value of values) clean = clean.replaceAll(value, '***');
    return clean;
  };
}
