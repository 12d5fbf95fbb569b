import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { freePort } from './free-port.ts';

export interface PackageText {
  readonly manifest: Readonly<Record<string, unknown>> & { readonly name: string; readonly version: string };
  readonly files?: Readonly<Record<string, string>>;
}

/** Writes what it sees into `seen.json` of the folder that `$OUT` names, and runs until it is told to stop. */
export const tells = `const {writeFileSync} = require('node:fs');
const {join} = require('node:path');
writeFileSync(join(process.env.OUT, process.env.SEEN || 'seen.json'), JSON.stringify({
  version: require(join(__dirname, 'package.json')).version, cwd: process.cwd(), main: require.main.filename, script: __filename,
  args: process.argv.slice(2), env: process.env, pid: process.pid,
}));
setInterval(() => {}, 1000);
`;

export const crashes = `console.error('no such luck'); process.exit(1);\n`;

/** Writes a package into a folder; `index.js` tells what it sees unless something else is said. */
export function writePackage(folder: string, { manifest, files = {} }: PackageText): string {
  for (const [file, text] of Object.entries({ 'index.js': tells, ...files, 'package.json': `${JSON.stringify(manifest, null, 2)}\n` })) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), text);
  }
  return folder;
}

/** An archive as `npm pack` makes it. */
export function writeArchive(file: string, text: PackageText): string {
  const folder = mkdtempSync(join(tmpdir(), 'muster-pack-'));
  try {
    writePackage(join(folder, 'package'), text);
    mkdirSync(dirname(file), { recursive: true });
    execFileSync('tar', ['-czf', file, '-C', folder, 'package']);
    return file;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A bare git repository with the package in it; returns its URL as npm takes it. */
export function writeRepository(folder: string, text: PackageText): string {
  const work = mkdtempSync(join(tmpdir(), 'muster-git-'));
  const git = (...args: string[]) => execFileSync('git', args, { cwd: work, stdio: 'ignore' });
  try {
    writePackage(work, text);
    git('init', '-q', '-b', 'main');
    git('add', '-A');
    git('-c', 'user.name=a', '-c', 'user.email=a@example.com', 'commit', '-q', '-m', 'first');
    git('clone', '-q', '--bare', '.', folder);
    return `git+file://${folder}`;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** A registry of npm on this machine. */
export interface Registry extends AsyncDisposable {
  readonly url: string;
  /** What npm needs to use it. */
  readonly env: Record<string, string>;
  /** Paths that were asked for. */
  readonly asked: string[];
  publish(text: PackageText): void;
  /** What requests for archives of this package get from now on, instead of them; those that hang are answered when that is over. */
  spoil(name: string, how: 'missing' | 'other' | 'hangs' | null): void;
  /** Ends it, as if the network were gone; `open` brings it back. */
  close(): Promise<void>;
  open(): Promise<void>;
}

export async function startRegistry(): Promise<Registry> {
  const folder = mkdtempSync(join(tmpdir(), 'muster-registry-'));
  const published = new Map<string, Map<string, { manifest: PackageText['manifest']; bytes: Buffer }>>();
  const spoiled = new Map<string, 'missing' | 'other' | 'hangs'>();
  const asked: string[] = [];
  const held: (() => void)[] = [];
  const port = await freePort();
  let server: Server | null = null;

  const packument = (name: string) => {
    const versions = [...(published.get(name) ?? new Map()).values()];
    const all = versions.map(({ manifest, bytes }) => {
      const { scripts = {} } = manifest as { scripts?: Record<string, string> };
      const integrity = `sha512-${createHash('sha512').update(bytes).digest('base64')}`;
      const tarball = `${registry.url}${name}/-/${manifest.version}.tgz`;
      return [
        manifest.version,
        { ...manifest, hasInstallScript: 'install' in scripts || 'postinstall' in scripts, dist: { tarball, integrity } },
      ];
    });
    const [latest = ''] = all.at(-1) ?? [];
    return { name, 'dist-tags': { latest }, versions: Object.fromEntries(all) };
  };

  const serve = () =>
    createServer((request, response) => {
      const path = decodeURIComponent(request.url ?? '').slice(1);
      asked.push(path);
      const archive = /^(.*)\/-\/(.*)\.tgz$/.exec(path);
      const [name, version] = archive === null ? [path, null] : [archive[1] ?? '', archive[2] ?? ''];
      const found = version === null ? null : published.get(name)?.get(version);
      const how = version === null ? undefined : spoiled.get(name);
      if (how === 'hangs') {
        held.push(() => response.end(found?.bytes));
        return;
      }
      if (!published.has(name) || found === undefined || how === 'missing') response.writeHead(404).end('{"error": "not found"}');
      else if (version === null) response.setHeader('content-type', 'application/json').end(JSON.stringify(packument(name)));
      else response.end(how === 'other' ? Buffer.from('not what was promised') : found?.bytes);
    });

  const registry: Registry = {
    get url() {
      return `http://127.0.0.1:${port}/`;
    },
    get env() {
      return { npm_config_registry: registry.url, npm_config_fetch_retries: '0' };
    },
    asked,
    publish(text) {
      const { name, version } = text.manifest;
      const bytes = readFileSync(writeArchive(join(folder, 'made.tgz'), text));
      published.set(name, (published.get(name) ?? new Map()).set(version, { manifest: text.manifest, bytes }));
    },
    spoil(name, how) {
      if (how === null) {
        spoiled.delete(name);
        for (const answer of held.splice(0)) answer();
        return;
      }
      spoiled.set(name, how);
    },
    async close() {
      const open = server;
      server = null;
      open?.closeAllConnections();
      if (open !== null) await new Promise((resolve) => open.close(resolve));
    },
    async open() {
      const opened = serve();
      server = opened;
      await new Promise<void>((resolve) => opened.listen(port, '127.0.0.1', resolve));
    },
    async [Symbol.asyncDispose]() {
      await registry.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  await registry.open();
  return registry;
}
