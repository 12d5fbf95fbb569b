import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Script } from 'node:vm';

/**
 * Starts the client, and the daemon where the client asks for it, from their bundles and from what V8 made of those when
 * muster was built: compiling them anew takes longer than the rest of a short command. A cache counts for the one node
 * program that made it: V8 takes those of its neighbours for its own, and crashes on them. Without it, a bundle is compiled
 * as it stands.
 */
const stampBytes = 64;
const daemon = './daemon.cjs';
const loaded = new Map<string, unknown>();

start('client', (id) => {
  if (id !== daemon) return require(id);
  if (!loaded.has(id)) loaded.set(id, start('daemon', require));
  return loaded.get(id);
});

function start(name: string, requireFrom: (id: string) => unknown): unknown {
  const bundle = join(__dirname, `${name}.cjs`);
  const cache = join(__dirname, `${name}.cache`);
  const script = new Script(`(function (exports, require, module, __filename, __dirname) {${readFileSync(bundle, 'utf8')}\n})`, {
    filename: bundle,
    ...cached(cache),
  });
  // How the build makes the cache: at the end of a command, when all that it needs has been compiled.
  if (process.env.MUSTER_BUILD_CACHE === cache) {
    process.once('exit', () => writeFileSync(cache, Buffer.concat([stamp(), script.createCachedData()])));
  }
  const own = { exports: {} };
  script.runInThisContext()(own.exports, requireFrom, own, bundle, __dirname);
  return own.exports;
}

function cached(cache: string): { cachedData?: Buffer } {
  try {
    const bytes = readFileSync(cache);
    return bytes.subarray(0, stampBytes).equals(stamp()) ? { cachedData: bytes.subarray(stampBytes) } : {};
  } catch {
    return {};
  }
}

/** Tells this node program from any other, also from another build of its version. */
function stamp(): Buffer {
  const { size, mtimeMs } = statSync(process.execPath);
  return Buffer.from(`${process.version} ${process.arch} ${size} ${mtimeMs}`.padEnd(stampBytes).slice(0, stampBytes));
}
