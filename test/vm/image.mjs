// The file system of the virtual machine: busybox, node with what it is linked to, muster and the test.
import { spawnSync } from 'node:child_process';
import { chmod, cp, mkdir, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';

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

/** Makes the initramfs; returns its path. */
export async function makeImage({ dir, dist, source }) {
  const root = join(dir, 'root');
  await rm(root, { recursive: true, force: true });
  for (const folder of ['bin', 'dev', 'etc', 'muster', 'proc', 'root', 'sys', 'tmp']) await mkdir(join(root, folder), { recursive: true });
  await cp('/bin/busybox', join(root, 'bin/busybox'));
  for (const applet of run('/bin/busybox', ['--list']).trim().split('\n')) {
    if (applet !== 'busybox') await symlink('busybox', join(root, 'bin', applet));
  }
  for (const [name, path] of Object.entries({ node: process.execPath, flock: '/usr/bin/flock' })) {
    await rm(join(root, 'bin', name), { force: true });
    await copyProgram(path, join(root, 'bin', name), root);
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
  await writeFile(join(root, 'init'), init);
  await chmod(join(root, 'init'), 0o755);
  const image = join(dir, 'initramfs');
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
