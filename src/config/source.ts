import * as z from 'zod/mini';
import { duration, flag, secret, size } from '../model/fields/kit.ts';
import type { GitSpec } from '../model/source.ts';
import type { Findings } from './findings.ts';
import type { Environment } from './interpolate.ts';
import type { Dict } from './node.ts';
import { type Rules, toRaw } from './raw.ts';
import { report } from './report.ts';

const text = z.string().check(z.minLength(1, { error: 'must not be empty' }));
const words = z._default(z.array(text), []);

/** What git takes and what runs no program of the one who wrote it: `ext::` and the like do. */
const address = text.check(
  z.refine((url) => isAddress(url), {
    error: 'expected https://, ssh://, git:// or file://, user@host:path, or an absolute path',
    abort: true,
  }),
  z.refine((url) => !hasCredentials(url), { error: withheld }),
);

/** As git takes names of branches and tags. */
const refName = text.check(
  z.refine((name) => isRefName(name), { error: 'expected the name of a branch or tag, without refs/heads/ or refs/tags/' }),
);
const commit = z.string().check(z.regex(/^[0-9a-f]{40}$/, { error: 'expected all 40 digits of a commit, in lower case' }));

const ref = z
  .strictObject({ branch: z.optional(refName), tag: z.optional(refName), commit: z.optional(commit) })
  .check(z.refine((given) => Object.keys(given).length === 1, { error: 'expected exactly one of branch, tag and commit' }));

const pathInside = z._default(text.check(z.refine((path) => isInside(path), { error: insideOnly })), 'muster.yaml');

const positive = duration.check(z.refine((ms) => (ms as number) > 0, { error: 'expected a duration above 0' }));

const someBytes = size.check(z.refine((bytes) => (bytes as number) > 0, { error: 'expected a size above 0' }));
const someFiles = z.int().check(z.gte(1, { error: 'expected 1 or more' }));

const listenAt = z
  .string()
  .check(z.regex(/^(?:\[[0-9a-fA-F:]+\]|[^:\s/]+):\d{1,5}$/, { error: 'expected HOST:PORT, e.g. 127.0.0.1:9000' }));

const gitSchema = z.strictObject({
  url: address,
  ref,
  path: pathInside,
  interval: z._default(duration, 60_000),
  timeout: z._default(positive, 30_000),
  verify: z.optional(
    z.strictObject({ mode: z.enum(['head', 'tag']), keys: z.array(text).check(z.minLength(1, { error: 'expected at least one key' })) }),
  ),
  allow: z._default(z.strictObject({ secrets: words, users: words }), { secrets: [], users: [] }),
  allowRewind: z._default(flag, false),
  checkoutDir: z.optional(text),
  maxFetch: z._default(someBytes, 2 ** 30),
  maxFiles: z._default(someFiles, 50_000),
  maxSize: z._default(someBytes, 512 * 2 ** 20),
  credentials: z.optional(
    z.strictObject({ username: z.optional(text), token: z.optional(secret), sshKey: z.optional(text), knownHosts: z.optional(text) }),
  ),
  webhook: z.optional(z.strictObject({ listen: listenAt, secret })),
});

/** `source:` of a config, as it is written. */
export const sourceSchema = z.strictObject({
  git: gitSchema.check(
    z.refine(({ verify, ref: { tag } }) => verify?.mode !== 'tag' || tag !== undefined, {
      error: 'verify.mode tag needs a ref that is a tag: of a branch only the commit can be signed',
      path: ['verify', 'mode'],
    }),
  ),
});

const paths = ['git.checkoutDir', 'git.credentials.sshKey', 'git.credentials.knownHosts'];
const secrets = ['git.credentials.token', 'git.webhook.secret'];

/** Paths are relative to the file that names them, an address of the same machine too. */
function rules(path: readonly string[]): Rules {
  const at = path.join('.');
  if (paths.includes(at) || /^git\.verify\.keys\.\d+$/.test(at)) return { path: 'file' };
  return secrets.includes(at) ? { secrets: true } : {};
}

/** Where the modules come from; null: from the config's own files, or what is said of it does not hold. */
export function readSource(root: Dict, env: Environment, findings: Findings): { readonly git: GitSpec } | null {
  const pair = root.fields.get('source');
  if (pair === undefined || !hasSource(root)) return null;
  const { key, value } = pair;
  if (value.kind !== 'dict') {
    findings.error(key, 'wrongType', 'source must be a map', 'write source: {git: {url: …, ref: {branch: main}, path: …}}');
    return null;
  }
  const before = findings.all.length;
  const raw = toRaw(value, { env, findings, rules, secrets: [] });
  const parsed = sourceSchema.safeParse(raw);
  if (!parsed.success) report(parsed.error.issues, { schema: sourceSchema, raw, node: value, key, findings });
  if (!parsed.success || findings.all.length > before) return null;
  const { verify = null, credentials = null, webhook = null, checkoutDir = null, path, ...rest } = parsed.data.git;
  return Object.freeze({ git: Object.freeze({ ...rest, path: plainPath(path), checkoutDir, verify, credentials, webhook }) as GitSpec });
}

/** An empty map says that there is none. */
export function hasSource({ fields }: Dict): boolean {
  const value = fields.get('source')?.value;
  return value !== undefined && !(value.kind === 'dict' && value.fields.size === 0);
}

/** What a main file that has its modules from elsewhere cannot say itself. */
const fromElsewhere = ['modules', 'hosts', 'alternatives'] as const;

/** Two places that say what is to run would have to be merged by rules that nobody can see. */
export function checkSourceAlone(root: Dict, findings: Findings): void {
  for (const name of fromElsewhere) {
    const pair = root.fields.get(name);
    if (pair === undefined) continue;
    const message = `${name} comes from source here, and so cannot stand in this file too`;
    findings.error(pair.key, 'sourceAndModules', message, 'move it to the repository, or remove source');
  }
}

function isAddress(url: string): boolean {
  if (url.startsWith('-') || /[\s\0]/.test(url)) return false;
  if (url.startsWith('/')) return true;
  if (/^(?:https?|ssh|git|file):\/\/./.test(url)) return true;
  return !url.includes('://') && /^[\w.~-]+@[\w.-]+:(?!:)[^\s]+$/.test(url);
}

/** Of http also a name: what stands there is often a token. */
function hasCredentials(url: string): boolean {
  const authority = /^([a-z]+):\/\/([^/]*)@/.exec(url);
  if (authority === null) return false;
  const [, scheme = '', user = ''] = authority;
  return scheme.startsWith('http') || user.includes(':');
}

/** Says nothing of what was found: it may be a password. */
function withheld(): string {
  return 'a user name or password cannot stand in the url (found one): say credentials: {username: …, token: {secret: …}}';
}

function insideOnly(): string {
  return 'expected a path within the repository, without ..';
}

function isRefName(name: string): boolean {
  if (name.startsWith('refs/') || name.startsWith('-') || name.startsWith('/') || name.endsWith('/') || name.endsWith('.')) return false;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: git refuses them in names
  if (/[\x00-\x20\x7f~^:?*[\\]|\.\.|@\{|\/\/|(?:^|\/)\.|\.lock(?:\/|$)/.test(name)) return false;
  return name !== '@';
}

function isInside(path: string): boolean {
  return !path.startsWith('/') && !path.split('/').includes('..') && plainPath(path) !== '';
}

function plainPath(path: string): string {
  return path
    .split('/')
    .filter((word) => word !== '' && word !== '.')
    .join('/');
}
