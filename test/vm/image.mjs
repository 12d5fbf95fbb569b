// The file systems of the virtual machines: node with what it is linked to, muster and the test, beside busybox or systemd.
import { spawnSync } from 'node:child_process';
import { chmod, cp, mkdir, readdir, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** What muster finds beside it when it is installed, and is no part of what is built. */
const modules = join(dirname(fileURLToPath(import.meta.url)), '../../node_modules');

const init = `#!/bin/sh
export PATH=/bin HOME=/root
mount -t proc none /proc
mount -t sysfs none /sys
mount -t devtmpfs none /dev
mount -t cgroup2 none /sys/fs/cgroup
ln -s /proc/self/fd /dev/fd
ip link set lo up
hostname vm
node /muster/inside.mjs
poweroff -f
`;

/** The test is what the machine comes up for; it is off when that has ended. */
const unit = `[Unit]
FailureAction=poweroff-force
SuccessAction=poweroff-force

[Service]
Environment=HOME=/root
ExecStart=/usr/bin/node /muster/inside.mjs
StandardOutput=tty
StandardError=tty
TTYPath=/dev/console
`;

/** Makes the initramfs that runs a test by itself; returns its path. */
export async function makeImage({ dir, dist, source }) {
  const root = await emptied(join(dir, 'root'));
  for (const folder of ['bin', 'dev', 'etc', 'muster', 'proc', 'root', 'sys', 'tmp']) await mkdir(join(root, folder), { recursive: true });
  await addBusybox(root, 'bin');
  await addMuster(root, 'bin', { dist, source });
  await writeFile(join(root, 'init'), init);
  await chmod(join(root, 'init'), 0o755);
  return pack(root, join(dir, 'initramfs'));
}

/** One that runs a test under systemd, out of the archives in the folder `packages`; returns its path. */
export async function makeSystemdImage({ dir, dist, source, packages }) {
  const root = await emptied(join(dir, 'systemd-root'));
  for (const folder of ['dev', 'etc/systemd/system', 'muster', 'proc', 'root', 'sys', 'tmp', 'run', 'var', 'usr'])
    await mkdir(join(root, folder), { recursive: true });
  for (const folder of ['bin', 'lib', 'lib64', 'sbin']) {
    await mkdir(join(root, 'usr', folder));
    await symlink(`usr/${folder}`, join(root, folder));
  }
  for (const name of await readdir(packages)) run('dpkg', ['-x', join(packages, name), root]);
  await addMuster(root, 'usr/bin', { dist, source });
  for (const name of ['esbuild', '@esbuild/linux-x64'])
    await cp(join(modules, name), join(root, 'muster/node_modules', name), { recursive: true });
  await addBusybox(root, 'usr/bin');
  await writeFile(join(root, 'etc/os-release'), 'ID=debian\n');
  await writeFile(join(root, 'etc/machine-id'), `${'1'.repeat(32)}\n`);
  await writeFile(join(root, 'etc/systemd/system/test.service'), unit);
  await symlink('/lib/systemd/systemd', join(root, 'init'));
  return pack(root, join(dir, 'systemd-initramfs'));
}

async function emptied(root) {
  await rm(root, { recursive: true, force: true });
  await mkdir(root, { recursive: true });
  return root;
}

/** What is there already stays. */
async function addBusybox(root, folder) {
  await cp('/bin/busybox', join(root, folder, 'busybox'));
  for (const applet of run('/bin/busybox', ['--list']).trim().split('\n')) {
    await symlink('busybox', join(root, folder, applet)).catch((error) => {
      if (error.code !== 'EEXIST') throw error;
    });
  }
}

async function addMuster(root, folder, { dist, source }) {
  for (const [name, path] of Object.entries({ node: process.execPath, flock: '/usr/bin/flock' })) {
    await rm(join(root, folder, name), { force: true });
    await copyProgram(path, join(root, folder, name), root);
  }
  await cp(dist, join(root, 'muster'), { recursive: true });
  const entryPoints = [source];
  await build({
    entryPoints,
    outfile: join(root, 'muster/inside.mjs'),
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'warning',
  });
  await writeFile(join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n');
  await writeFile(join(root, 'etc/group'), 'root:x:0:\n');
}

async function pack(root, image) {
  run('/bin/sh', ['-c', `find . | busybox cpio -o -H newc > ${JSON.stringify(image)}`], { cwd: root });
  return image;
}

async function copyProgram(from, to, root) {
  await cp(await realpath(from), to);
  for (const [library] of run('ldd', [from]).matchAll(/\/\S+/g)) {
    await mkdir(join(root, dirname(library)), { recursive: true });
    await cp(await realpath(library), join(root, library));
  }
}

function run(file, args, options = {}) {
  const { status, stdout, stderr } = spawnSync(file, args, { encoding: 'utf8', maxBuffer: 2 ** 26, ...options });
  if (status !== 0) throw new Error(`${file} exited ${status}\n${stderr}`);
  return stdout;
}
