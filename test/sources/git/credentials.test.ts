import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Keeper } from '../../../src/model/keeper.ts';
import { shownUrl } from '../../../src/sources/git/environment.ts';
import { createScrub, fetchFailure } from '../../../src/sources/git/failure.ts';
import { keeper } from '../../keeper/support/keeper.ts';
import { config, repository, sourceOf, tempDir } from './support.ts';

const token = 'hush-4711-token';
const basic = `Basic ${Buffer.from(`git:${token}`).toString('base64')}`;
const httpBackend = join(execFileSync('git', ['--exec-path'], { encoding: 'utf8' }).trim(), 'git-http-backend');

/** The repositories below a folder over HTTP, for who has the token; `elsewhere` leads to another address. */
async function httpServer(base: string, { leadsTo = '' } = {}) {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.url} ${request.headers.authorization ?? 'nobody'}`);
    if (leadsTo !== '') {
      response.writeHead(301, { location: `${leadsTo}${request.url}` }).end();
      return;
    }
    if (request.headers.authorization !== basic) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
      return;
    }
    backend(request, response, base);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return { url: `http://127.0.0.1:${(server.address() as { port: number }).port}`, asked };
}

function backend(request: IncomingMessage, response: ServerResponse, base: string): void {
  const [path = '', query = ''] = (request.url ?? '').split('?');
  const program = spawn(httpBackend, [], {
    env: {
      ...{ PATH: process.env.PATH, GIT_PROJECT_ROOT: base, GIT_HTTP_EXPORT_ALL: '1', REQUEST_METHOD: request.method },
      ...{ PATH_INFO: path, QUERY_STRING: query, CONTENT_TYPE: request.headers['content-type'] ?? '' },
      ...{ GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''), HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '' },
    },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  request.pipe(program.stdin);
  const chunks: Buffer[] = [];
  program.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  program.on('close', () => {
    const all = Buffer.concat(chunks);
    const end = all.indexOf('\r\n\r\n');
    for (const line of all.subarray(0, end).toString().split('\r\n')) {
      const [, name = '', value = ''] = /^([^:]+): (.*)$/.exec(line) ?? [];
      if (name === 'Status') response.statusCode = Number.parseInt(value, 10);
      else response.setHeader(name, value);
    }
    response.end(all.subarray(end + 4));
  });
}

/** A keeper that writes down what everybody on the machine could read of its programs. */
function watchedKeeper() {
  const real = keeper().keeper;
  const argvs: string[] = [];
  const watched: Pick<Keeper, 'spawn'> = {
    async spawn(spec) {
      argvs.push(spec.argv.join(' '));
      return real.spawn(spec);
    },
  };
  return { keeper: watched, argvs };
}

test('a token goes with the request and stands nowhere else: no argument, no problem, no file', async () => {
  const dir = tempDir();
  const { commit } = repository(dir);
  const first = commit({ 'muster.yaml': config });
  const { url, asked } = await httpServer(dir);
  const { keeper, argvs } = watchedKeeper();
  let secret = token;
  const credentials = { token: { secret: 'text:' } };
  const made = await sourceOf({ url: `${url}/repo.git`, credentials }, { keeper, secret: async () => `${secret}\n` });
  expect((await made.source.sync({ applied: null })).doc).toMatchObject({ revision: first, problem: null });
  expect(asked.every((line) => line.endsWith(basic))).toBe(true);
  secret = 'wrong-4711-token';
  const { doc } = await made.source.sync({ applied: first });
  expect(doc).toMatchObject({
    revision: first,
    problem: { code: 'unreachable', message: expect.stringContaining('check source.git.credentials') },
  });
  const files = readdirSync(made.dir, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
  const texts = files.map((file) => readFileSync(join(file.parentPath, file.name), 'latin1'));
  for (const text of [...argvs, JSON.stringify(doc), ...made.lines, ...texts]) {
    for (const secret of ['4711-token', Buffer.from(`git:${token}`).toString('base64').slice(4)]) expect(text).not.toContain(secret);
  }
});

test('a token is not sent to where a server leads, and not over http beyond this machine', async () => {
  const dir = tempDir();
  const { commit } = repository(dir);
  commit({ 'muster.yaml': config });
  const other = await httpServer(dir);
  const { url } = await httpServer(dir, { leadsTo: other.url });
  const credentials = { token: { secret: `text:${token}` } };
  const led = await sourceOf({ url: `${url}/repo.git`, credentials });
  expect((await led.source.sync({ applied: null })).doc.problem).toMatchObject({
    code: 'unreachable',
    message: expect.stringContaining('the server leads elsewhere'),
  });
  expect(other.asked).toEqual([]);
  const open = await sourceOf({ url: 'http://git.example.com/repo.git', credentials });
  const { problem } = (await open.source.sync({ applied: null })).doc;
  expect(problem).toMatchObject({ code: 'refused', message: expect.stringContaining('https://') });
});

test('a token that cannot be read, or is none, is said to be so', async () => {
  const { bare, commit } = repository();
  commit({ 'muster.yaml': config });
  const credentials = { token: { secret: 'file:/run/token' } };
  for (const secret of [async () => '', async () => 'two\nlines', () => Promise.reject(new Error('/run/token does not exist'))]) {
    const { source } = await sourceOf({ url: `file://${bare}`, credentials }, { secret });
    const { problem } = (await source.sync({ applied: null })).doc;
    expect(problem).toMatchObject({
      code: 'unreachable',
      message: expect.stringMatching(/^source\.git\.credentials\.token (?:cannot be read|is empty)/),
    });
  }
});

test('ssh gets the key and the known hosts that are given, asks nobody, and no shell gets at a path', async () => {
  const dir = tempDir();
  const { bare, commit } = repository(dir);
  const first = commit({ 'muster.yaml': config });
  const bin = join(dir, 'bin');
  mkdirSync(bin);
  const said = join(dir, 'said');
  // Takes the place of ssh: writes down how it was called, and runs what it was to run there here.
  writeFileSync(join(bin, 'ssh'), `#!/bin/sh\nprintf '%s\\n' "$@" > '${said}'\nfor last; do :; done\nexec sh -c "$last"\n`);
  chmodSync(join(bin, 'ssh'), 0o755);
  const sshKey = join(dir, "it's $(touch pwned) a key");
  const credentials = { sshKey, knownHosts: join(dir, 'known hosts') };
  const env = { PATH: `${bin}:${process.env.PATH}`, GIT_SSH_COMMAND: 'touch pwned', SSH_AUTH_SOCK: '/x' };
  const { source } = await sourceOf({ url: `git@127.0.0.1:${bare}`, credentials }, { env });
  expect((await source.sync({ applied: null })).doc).toMatchObject({ revision: first, problem: null });
  const words = readFileSync(said, 'utf8').split('\n');
  expect(words.slice(0, 4)).toEqual(['-F', '/dev/null', '-i', sshKey]);
  for (const option of ['BatchMode=yes', 'StrictHostKeyChecking=yes', 'IdentitiesOnly=yes', 'GlobalKnownHostsFile=/dev/null'])
    expect(words).toContain(option);
  expect(words).toContain(`UserKnownHostsFile="${credentials.knownHosts}"`);
  expect(readdirSync(dir)).not.toContain('pwned');
});

test.each([
  ['https://alice:hush@host/x.git', 'https://***@host/x.git'],
  ['https://hush@host/x.git?private_token=hush', 'https://***@host/x.git'],
  ['ssh://git:hush@host/x', 'ssh://git:***@host/x'],
  ['ssh://git@host:22/x', 'ssh://git@host:22/x'],
  ['git@host:x/y.git', 'git@host:x/y.git'],
  ['/srv/repo.git', '/srv/repo.git'],
])('%s is shown as %s', (url, shown) => {
  expect(shownUrl(url)).toBe(shown);
});

test.each([
  ["fatal: unable to access 'https://hush@host/x/': Could not resolve host: host", 'unreachable'],
  ["fatal: Authentication failed for 'https://alice:hush@host/x.git/?token=hush'", 'unreachable'],
  ['remote: HTTP Basic: Access denied\nremote: hush\nfatal: Authentication failed', 'unreachable'],
  ['fatal: bad header Authorization: Basic aHVzaA==', 'unreachable'],
  ['error: RPC failed; hush\x1b[2J\nfatal: write error: No space left on device', 'disk'],
])('of what git says nothing secret gets through: %j', (stderr, code) => {
  const error = fetchFailure('https://host/x.git', stderr, createScrub(['hush']));
  expect(error).toMatchObject({ code });
  expect(error.message).not.toMatch(/hush|aHVzaA/);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: none of them may get through
  expect(error.message).not.toMatch(/[\x00-\x1f]/);
});
