import { isIP } from 'node:net';
import type { Environment } from '../../model/environment.ts';
import type { GitSpec } from '../../model/source.ts';
import type { Places } from './places.ts';
import { Trouble } from './trouble.ts';

/** Proxies and certificates that this network needs. */
const handedOn = /^(?:https?_proxy|no_proxy|all_proxy|SSL_CERT_(?:FILE|DIR)|GIT_SSL_CA(?:INFO|PATH))$/i;

/** What every git gets: no settings but those of the mirror, no home, and nobody who could be asked. */
export function gitEnvironment(env: Environment, { temporary }: Pick<Places, 'temporary'>): Record<string, string> {
  const taken: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) if (value !== undefined && handedOn.test(name)) taken[name] = value;
  return {
    ...taken,
    PATH: env.PATH ?? '/usr/local/bin:/usr/bin:/bin',
    // Without one, curl would look for a .netrc in the home of the user.
    HOME: '/dev/null',
    TMPDIR: temporary,
    LC_ALL: 'C',
    TZ: 'UTC',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_SYSTEM: '/dev/null',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_ATTR_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_NO_REPLACE_OBJECTS: '1',
    GIT_NO_LAZY_FETCH: '1',
    GIT_LITERAL_PATHSPECS: '1',
    GIT_ALLOW_PROTOCOL: '',
    // Whatever the default of a later git is: these are what the mirror is read by.
    GIT_DEFAULT_HASH: 'sha1',
    GIT_DEFAULT_REF_FORMAT: 'files',
  };
}

/** What those get beside it that talk to the repository. `token` is in no argument, where every user could read it. */
export function networkEnvironment(
  { url, credentials }: Pick<GitSpec, 'url' | 'credentials'>,
  token: string | null,
): Record<string, string> {
  const protocol = protocolOf(url);
  const own = { GIT_ALLOW_PROTOCOL: protocol };
  if (protocol === 'ssh') return { ...own, GIT_SSH_COMMAND: sshCommand(credentials), GIT_SSH_VARIANT: 'ssh' };
  if (token === null) return own;
  refuseOpen(url);
  const pair = `${credentials?.username ?? 'git'}:${token}`;
  return {
    ...own,
    ...configured({
      'http.extraHeader': `Authorization: Basic ${Buffer.from(pair).toString('base64')}`,
      // Git would send the header along to wherever it is led.
      'http.followRedirects': 'false',
    }),
  };
}

/** The transport that a url names; git is allowed no other, wherever a server leads it. */
export function protocolOf(url: string): string {
  const scheme = /^([a-z]+):\/\//.exec(url)?.[1];
  if (scheme !== undefined) return scheme;
  return url.startsWith('/') ? 'file' : 'ssh';
}

/** A url as it may be shown: who stands in it before a host of the web, and what stands behind a question mark, may be a token. */
export function shownUrl(url: string): string {
  return url
    .replace(/^(https?:\/\/)[^/]*@/, '$1***@')
    .replace(/^([a-z]+:\/\/[^/:@]*):[^/@]*@/, '$1:***@')
    .replace(/[?#].*$/, '');
}

/** Settings in the environment; git takes them so from 2.31 on. */
function configured(settings: Readonly<Record<string, string>>): Record<string, string> {
  const entries = Object.entries(settings);
  const lines = entries.flatMap(([key, value], index) => [
    [`GIT_CONFIG_KEY_${index}`, key],
    [`GIT_CONFIG_VALUE_${index}`, value],
  ]);
  return { GIT_CONFIG_COUNT: String(entries.length), ...Object.fromEntries(lines) };
}

/** Never asks, and never takes a host that it does not know. Git hands this to a shell. */
function sshCommand(credentials: GitSpec['credentials']): string {
  const { sshKey, knownHosts } = credentials ?? {};
  const options = ['BatchMode=yes', 'StrictHostKeyChecking=yes', 'UpdateHostKeys=no', 'ConnectTimeout=20', 'PermitLocalCommand=no'];
  if (knownHosts !== undefined) options.push(`UserKnownHostsFile="${knownHosts}"`, 'GlobalKnownHostsFile=/dev/null');
  if (sshKey !== undefined) options.push('IdentitiesOnly=yes', 'IdentityAgent=none');
  const key = sshKey === undefined ? [] : ['-i', sshKey];
  return ['ssh', '-F', '/dev/null', ...key, ...options.flatMap((option) => ['-o', option])].map(quoted).join(' ');
}

function quoted(word: string): string {
  return /^[\w./=-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** A token over http can be read on the way. */
function refuseOpen(url: string): void {
  const { protocol, hostname } = new URL(url);
  if (protocol === 'https:' || isLoopback(hostname)) return;
  throw new Trouble(
    'refused',
    `a token is not sent over ${protocol.slice(0, -1)}, where it could be read on the way; let the url begin with https://`,
  );
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || (isIP(host) === 4 && host.startsWith('127.'));
}
