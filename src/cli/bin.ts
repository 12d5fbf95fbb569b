import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Script } from 'node:vm';

/**
 * Starts the client from its bundle and from what V8 made of it when muster was built: compiling it anew takes longer than
 * the rest of a short command. The cache counts for the one node program that made it: V8 takes those of its neighbours
 * for its own, and crashes on them. Without it, the bundle is compiled as it stands.
 */
const bundle = join(__dirname, 'client.cjs');
const cache = join(__dirname, 'client.cache');
const stampBytes = 64;
const script = new Script(`(function (exports, require, module, __filename, __dirname) {${readFileSync(bundle, 'utf8')}\n})`, {
  filename: bundle,
  ...cached(),
});

// How the build makes the cache: at the end of a short command, when all that it needs has been compiled.
if (process.env.MUSTER_BUILD_CACHE === cache) {
  process.once('exit', () => writeFileSync(cache, Buffer.concat([stamp(), script.createCachedData()])));
}
script.runInThisContext()(module.exports, require, module, bundle, __dirname);

function cached(): { cachedData?: Buffer } {
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
