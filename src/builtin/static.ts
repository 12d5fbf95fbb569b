import { realpath, stat } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { basename, dirname, join } from 'node:path';
import send from 'send';
import type { Context } from '../model/context.ts';
import { MusterError } from '../model/error.ts';
import { readSettings, type Settings } from './settings/static.ts';

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** The path that the root of the files stands for. */
  readonly mount: string;
}

/** Of a path of a URL: a file to be sent, where to look instead, or the status of what cannot be had. */
type Found = { readonly file: string } | { readonly elsewhere: string } | 400 | 404;

/** A component of a gateway that answers with the files of a folder. */
export async function main(ctx: Context): Promise<void> {
  let settings = await checked(ctx.config);
  ctx.handle<Exchange>('node', ({ payload }) => answer(payload, settings));
  ctx.onReconfigure(async (config) => {
    settings = await checked(config);
  });
  ctx.status('core', `files of ${settings.root}`);
  await ctx.run();
}

async function checked(config: Context['config']): Promise<Settings> {
  const settings = readSettings(config);
  const root = await realpath(settings.root).catch((error: NodeJS.ErrnoException) => {
    const why = error.code === 'ENOENT' ? 'does not exist' : `cannot be reached: ${error.message}`;
    throw new MusterError('EINVAL', `config.root: the folder ${settings.root} ${why} (${error.code})`);
  });
  if (!(await stat(root)).isDirectory()) throw new MusterError('EINVAL', `config.root: ${settings.root} is no folder (ENOTDIR)`);
  return { ...settings, root };
}

async function answer({ request, response, mount }: Exchange, settings: Settings): Promise<void> {
  const { method, url = '/' } = request;
  if (method !== 'GET' && method !== 'HEAD') {
    refuse(response, 405, { allow: 'GET, HEAD' });
    return;
  }
  const query = url.indexOf('?');
  const path = query === -1 ? url : url.slice(0, query);
  const found = await find(mount === '/' ? path : path.slice(mount.length), settings);
  if (response.destroyed) return;
  if (typeof found === 'number') refuse(response, found);
  else if ('elsewhere' in found)
    refuse(response, 301, { location: `${path.replace(/^\/+/, '/')}/${query === -1 ? '' : url.slice(query)}` });
  else deliver(request, response, found.file, settings);
}

/** Where links lead out of the root there is nothing; nor are there files whose names begin with a period. */
async function find(path: string, { root, index }: Settings): Promise<Found> {
  const segments = decoded(path);
  if (segments === null) return 400;
  if (segments.some((segment) => segment.startsWith('.'))) return 404;
  const real = await inside(join(root, ...segments), root);
  if (real === null) return 404;
  const found = await stat(real);
  // What is neither, such as a pipe, could keep who reads it waiting for ever.
  if (!found.isDirectory()) return found.isFile() && !path.endsWith('/') ? { file: real } : 404;
  if (!path.endsWith('/')) return { elsewhere: path };
  for (const name of index) {
    const file = await inside(join(real, name), root);
    if (file !== null && (await stat(file)).isFile()) return { file };
  }
  return 404;
}

function decoded(path: string): string[] | null {
  try {
    const segments = path.split('/').map(decodeURIComponent);
    return segments.some((segment) => /[/\\\0]/.test(segment)) ? null : segments;
  } catch {
    return null;
  }
}

async function inside(path: string, root: string): Promise<string | null> {
  const real = await realpath(path).catch(() => null);
  return real !== null && (real === root || real.startsWith(root === '/' ? root : `${root}/`)) ? real : null;
}

/** Types, ranges, ETag and conditional requests are those of `send`. */
function deliver(request: IncomingMessage, response: ServerResponse, file: string, { maxAge }: Settings): void {
  send(request, encodeURIComponent(basename(file)), { root: dirname(file), index: false, dotfiles: 'allow', maxAge })
    .on('error', ({ status = 500, headers = {} }: { status?: number; headers?: Record<string, string> }) =>
      refuse(response, status, headers),
    )
    .pipe(response);
}

function refuse(response: ServerResponse, status: number, headers: Readonly<Record<string, string>> = {}): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const body = `${status}\n`;
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', 'content-length': body.length, ...headers });
  response.end(body);
}
