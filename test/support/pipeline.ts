import { spawn } from 'node:child_process';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';
import { cli, type Ran } from './place.ts';

interface Workflow {
  env?: Record<string, string>;
  jobs: Record<string, { steps: { name?: string; run?: string; env?: Record<string, string> }[] }>;
}

/** The shell steps of one job of a GitHub workflow, as one script, with its variables; `says` is what its expressions give. */
export function githubJob(yaml: string, job: string, says: Readonly<Record<string, string>>): Script {
  const { env, jobs } = parse(yaml) as Workflow;
  const steps = (jobs[job]?.steps ?? []).filter(({ run }) => run !== undefined);
  const filled = (all: Record<string, string> = {}): Record<string, string> =>
    Object.fromEntries(
      Object.entries(all).map(([name, value]) => [name, value.replace(/\$\{\{ (.*?) \}\}/g, (_, key) => says[key] ?? '')]),
    );
  return { steps: steps.map(({ run = '' }) => run), env: Object.assign(filled(env), ...steps.map((step) => filled(step.env))) };
}

/** The same of a GitLab pipeline, where the lines of a job share one shell. */
export function gitlabJob(yaml: string, job: string): Script {
  const pipeline = parse(yaml) as Record<string, { before_script?: string[]; script: string[] }> & { variables: Record<string, string> };
  const { before_script: before = [], script = [] } = pipeline[job] ?? { script: [] };
  const env = Object.fromEntries(Object.entries(pipeline.variables).map(([name, value]) => [name, String(value)]));
  return { steps: [[...before, ...script].join('\n')], env };
}

export interface Script {
  /** Each has a shell of its own. */
  steps: readonly string[];
  env: Record<string, string>;
}

/** Runs the steps one after the other, as `sh -e`, until one fails. */
export async function runScript({ steps, env }: Script, cwd: string, more: Readonly<Record<string, string>>): Promise<Ran> {
  const all: Ran = { code: 0, stdout: '', stderr: '' };
  for (const step of steps) {
    const ran = await sh(step, cwd, { ...env, ...more });
    Object.assign(all, { code: ran.code, stdout: all.stdout + ran.stdout, stderr: all.stderr + ran.stderr });
    if (ran.code !== 0) break;
  }
  return all;
}

export function sh(script: string, cwd: string, env: Readonly<Record<string, string>>): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const { MUSTER_CONFIG, MUSTER_DAEMON, NODE_OPTIONS, VITEST, ...base } = process.env;
    const child = spawn('timeout', ['120', 'sh', '-e', '-c', script], { cwd, env: { ...base, NO_COLOR: '1', ...env } });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (stdout += chunk));
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

/** A folder of programs for PATH: `muster` as it was built, and those given, as modules of Node. */
export async function programs(folder: string, more: Readonly<Record<string, string>>): Promise<string> {
  await mkdir(folder, { recursive: true });
  const shim = `#!/bin/sh\nexec '${process.execPath}' '${cli}' "$@"\n`;
  const all = { muster: shim, npm: '#!/bin/sh\n', ...more };
  for (const [name, text] of Object.entries(all)) {
    await writeFile(join(folder, name), text.replace('#!node', `#!${process.execPath}`));
    await chmod(join(folder, name), 0o755);
  }
  return `${folder}:${dirname(process.execPath)}:${process.env.PATH}`;
}

export interface Comment {
  id: number;
  /** Who wrote it. */
  by: string;
  body: string;
}

/** Comments of one pull or merge request behind the part of the APIs of GitHub and GitLab that pipelines use. */
export interface Forge extends AsyncDisposable {
  url: string;
  comments: Comment[];
  /** `METHOD PATH`, of all that was asked. */
  asked: string[];
  /** The file that the last apply on the main branch has left. */
  state: string;
}

/** Comments are GitHub's where `user` says so, else GitLab's; both in one, for a client reads no more than it knows. */
export async function createForge(bot: string): Promise<Forge> {
  const forge: Forge = {
    ...{ url: '', comments: [], asked: [], state: '' },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  const shown = ({ id, by, body }: Comment) => ({ id, body, user: { login: by }, author: { id: by } });
  const server = createServer(async (request, response) => {
    const { method = '', url: path = '' } = request;
    forge.asked.push(`${method} ${path}`);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    const body = text.startsWith('{') ? JSON.parse(text).body : new URLSearchParams(text).get('body');
    const answer = (status: number, document: unknown): void => {
      response
        .writeHead(status, { 'content-type': 'application/json' })
        .end(typeof document === 'string' ? document : JSON.stringify(document));
    };
    if (request.headers['private-token'] !== 'secret-token') return answer(401, { message: 'unauthorized' });
    if (path.endsWith('/user')) return answer(200, { id: bot });
    if (path.includes('/jobs/artifacts/')) return forge.state === '' ? answer(404, {}) : answer(200, forge.state);
    const known = forge.comments.find(({ id }) => path.endsWith(`/${id}`));
    if (method === 'GET') return answer(200, forge.comments.map(shown));
    if (method === 'POST') {
      const comment = { id: 100 + forge.comments.length, by: bot, body };
      forge.comments.push(comment);
      return answer(201, shown(comment));
    }
    if (known === undefined || known.by !== bot) return answer(404, {});
    known.body = body;
    answer(200, shown(known));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  forge.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return forge;
}
