import type { SourceProblem } from '../../model/source.ts';
import { plain } from './plain.ts';
import { missing } from './program.ts';
import { BrokenMirror, Trouble } from './trouble.ts';

interface Kind {
  readonly says: RegExp;
  readonly code: SourceProblem;
  readonly hint: string;
}

const kinds: readonly Kind[] = [
  {
    says: /could not read Username|Authentication failed|HTTP Basic: Access denied|returned error: 40[13]|Permission denied \(|invalid credentials/i,
    code: 'unreachable',
    hint: 'check source.git.credentials',
  },
  {
    says: /Host key verification failed|No .+ host key is known/i,
    code: 'unreachable',
    hint: 'the host is not in known_hosts; put its key there, or name a file in source.git.credentials.knownHosts',
  },
  {
    says: /returned error: 30[1278]/,
    code: 'unreachable',
    hint: 'the server leads elsewhere; write the url that it leads to (often it ends with .git)',
  },
  { says: /unable to update url base from redirection|redirect/i, code: 'unreachable', hint: 'write the url that the server leads to' },
  {
    says: /dubious ownership/i,
    code: 'refused',
    hint: 'the folder belongs to another user than the daemon; serve it over https or ssh, or change its owner',
  },
  { says: /No space left on device|Disk quota exceeded/i, code: 'disk', hint: 'make room on the disk of the state dir' },
  { says: /mismatched algorithms|sha256/i, code: 'refused', hint: 'repositories with SHA-256 are not taken' },
  {
    says: /couldn't find remote ref|not our ref|unadvertised object|no such remote ref|remote error: upload-pack: not/i,
    code: 'badRef',
    hint: 'check source.git.ref',
  },
  {
    says: /fsck error|error in (?:tree|commit|tag|blob|object)|badTree|hasDotgit|fsck/i,
    code: 'refused',
    hint: 'something in it is malformed; git fsck in the repository says what',
  },
  { says: /transport '.*' not allowed/i, code: 'refused', hint: 'a server must not lead to another transport than that of the url' },
  {
    says: /Could not read from remote repository|does not appear to be a git repository|repository not exported|not found|returned error: 404/i,
    code: 'unreachable',
    hint: 'check source.git.url, and that the daemon may read it',
  },
];

/** Only git's own mirror is meant, not what a server says of the repository it has. */
const broken =
  /corrupt|not a git repository: |bad object|unable to (?:read|find) [0-9a-f]{40}|loose object .* is empty|inflate: data|packfile .* (?:cannot|is far)|missing (?:blob|tree|commit)|bad (?:config|shallow)|did not send all necessary/i;

/** Why git could not talk to a repository, in one line. `scrub` takes out what nobody may read. */
export function fetchFailure(url: string, stderr: string, scrub: (text: string) => string): Error {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '');
  const own = lines.filter((line) => !line.startsWith('remote:'));
  const absent = /cannot run (ssh)\b|(ssh): (?:command )?not found/.exec(stderr);
  if (absent !== null) return missing('ssh');
  if (own.some((line) => broken.test(line)) && !lines.some((line) => /fsck|remote:.*(?:corrupt|bad object)/.test(line))) {
    return new BrokenMirror(plain(scrub(own.join(' '))));
  }
  const kind = kinds.find(({ says }) => says.test(stderr));
  const said = plain(scrub(essence(lines)));
  const hint = kind === undefined ? '' : ` (${kind.hint})`;
  return new Trouble(kind?.code ?? 'unreachable', `${url}: ${said === '' ? 'git fails and says nothing' : said}${hint}`);
}

/** The line that says it; git ends with sentences that hold for everything. */
function essence(lines: readonly string[]): string {
  const general =
    /^(?:Please make sure|and the repository exists|fatal: Could not read from remote|fatal: early EOF|fatal: index-pack failed|fatal: fetch-pack: invalid|warning: )/;
  const telling = lines.filter((line) => !general.test(line.trim()));
  const fatal = telling.findLast((line) => /^(?:fatal|error|ssh|ERROR):/.test(line)) ?? telling.at(-1) ?? lines.at(-1) ?? '';
  return fatal.replace(/^(?:fatal|error): /, '');
}

/** Takes out of git's words what stands in urls before a host, and each secret, also as it is sent. */
export function createScrub(secrets: readonly string[]): (text: string) => string {
  const encoded = secrets.flatMap((secret) => [secret, Buffer.from(secret).toString('base64'), encodeURIComponent(secret)]);
  return (text) => {
    let clean = text.replace(/(\/\/)[^/\s@']+@/g, '$1***@').replace(/(https?:\/\/[^\s'"?]*)\?[^\s'"]*/g, '$1?***');
    for (const secret of encoded) if (secret !== '') clean = clean.replaceAll(secret, '***');
    return clean.replace(/(Authorization:\s*\w+\s+)\S+/gi, '$1***');
  };
}
