// `npm run test:vm`: limits with effect, in a virtual machine that has all controllers, and the unit of systemd, in one that runs that.
// Nothing but Debian's packages is needed.
import { spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bring, bringSystemd, lacking } from './bring.mjs';
import { makeImage, makeSystemdImage } from './image.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const dist = process.env.MUSTER_DIST ?? join(here, '../../dist');
/** The kernel stays there for the next time. */
const dir = process.env.MUSTER_VM_DIR ?? join(tmpdir(), 'muster-vm');
/** It emulates a processor, which takes ten times as long or more. */
const longestMs = 15 * 60_000;

const why = lacking();
if (why === null) process.exitCode = await test();
else process.stdout.write(`nothing is tested in a virtual machine: ${why}\n`);

async function test() {
  await mkdir(dir, { recursive: true });
  const kernel = await bring(dir);
  const images = {
    limits: () => makeImage({ dir, dist, source: join(here, 'inside.ts') }),
    systemd: async () => makeSystemdImage({ dir, dist, source: join(here, 'under-systemd.ts'), packages: await bringSystemd(dir) }),
  };
  const wanted = process.argv.slice(2);
  let exitCode = 0;
  for (const [name, make] of Object.entries(images)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    const output = await boot(kernel, await make());
    const [, failed] = /^\d+ passed, (\d+) failed\r?$/m.exec(output) ?? [];
    if (failed === undefined) process.stdout.write('the virtual machine ended before its tests did\n');
    if (failed !== '0') exitCode = 1;
  }
  return exitCode;
}

/** Resolves with all that it wrote to its console. */
function boot(kernel, image) {
  const machine = ['-accel', 'tcg', '-cpu', 'max', '-smp', '2', '-m', '1536', '-nographic', '-no-reboot', '-nic', 'none'];
  const argv = [
    ...machine,
    '-kernel',
    kernel,
    '-initrd',
    image,
    '-append',
    'console=ttyS0 quiet panic=-1 systemd.unit=test.service systemd.show_status=0',
  ];
  const child = spawn('qemu-system-x86_64', argv, { stdio: ['ignore', 'pipe', 'inherit'], timeout: longestMs, killSignal: 'SIGKILL' });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    output += text;
    process.stdout.write(text);
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', () => resolve(output));
  });
}
