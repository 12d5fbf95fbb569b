// What the virtual machine is made of and this one may not have, from Debian's own packages.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';

const programs = { 'qemu-system-x86': '/usr/bin/qemu-system-x86_64', 'busybox-static': '/bin/busybox' };
/** It stands for the newest one; made for virtual machines, so that nothing has to be loaded to boot. */
const kernel = 'linux-image-cloud-amd64';

/** Why it cannot be had here; null: it can. */
export function lacking() {
  if (process.arch !== 'x64') return `the machine is ${process.arch}, and the kernel for it is one for x64`;
  if (!existsSync('/usr/bin/apt-get')) return 'there is no apt-get';
  return process.getuid() === 0 || Object.values(programs).every((path) => existsSync(path))
    ? null
    : 'packages can only be installed as root';
}

/** Installs the programs, and unpacks the kernel below `dir` without installing it. Resolves with its path. */
export async function bring(dir) {
  const missing = Object.entries(programs).filter(([, path]) => !existsSync(path));
  if (missing.length > 0) apt('install', '-y', '-q', '--no-install-recommends', ...missing.map(([name]) => name));
  const folder = join(dir, 'kernel');
  await mkdir(folder, { recursive: true });
  const known = await imageIn(folder);
  if (known !== null) return known;
  const newest = /Depends: (linux-image-\S+)/.exec(run('apt-cache', ['depends', kernel]))?.[1];
  if (newest === undefined) throw new Error(`apt-cache knows no ${kernel}: apt-get update`);
  apt('download', '-q', newest, { cwd: folder });
  const archive = (await readdir(folder)).find((name) => name.endsWith('.deb'));
  run('dpkg', ['-x', join(folder, archive), folder]);
  return imageIn(folder);
}

/** Downloads systemd and all libraries that it is linked to, without installing any; resolves with the folder of the archives. */
export async function bringSystemd(dir) {
  const folder = join(dir, 'systemd-packages');
  await mkdir(folder, { recursive: true });
  if ((await readdir(folder)).some((name) => name.startsWith('systemd_'))) return folder;
  const only = ['recommends', 'suggests', 'conflicts', 'breaks', 'replaces', 'enhances'].map((kind) => `--no-${kind}`);
  const names = run('apt-cache', ['depends', '--recurse', ...only, 'systemd']).split('\n');
  apt('download', '-q', ...new Set(names.filter((name) => /^(?:lib|zlib|mount$|systemd$)/.test(name))), { cwd: folder });
  return folder;
}

async function imageIn(folder) {
  const names = await readdir(join(folder, 'boot')).catch(() => []);
  const name = names.find((one) => one.startsWith('vmlinuz-'));
  return name === undefined ? null : join(folder, 'boot', name);
}

function apt(...words) {
  const options = typeof words.at(-1) === 'object' ? words.pop() : {};
  run('apt-get', words, { ...options, env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } });
}

function run(file, args, options = {}) {
  const { status, stdout, stderr } = spawnSync(file, args, { encoding: 'utf8', ...options });
  if (status !== 0) throw new Error(`${file} ${args.join(' ')} exited ${status}\n${stderr}`);
  return stdout;
}
