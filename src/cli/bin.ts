import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Script } from 'node:vm';

/**
 * Starts the client from its bundle and from what V8 made of it when muster was built: compiling it anew takes longer than
 * the rest of a short command. V8 refuses a cache of another version of itself or of another text; then, or without one,
 * the bundle is compiled as it stands.
 */
const bundle = join(__dirname, 'client.cjs');
const cache = join(__dirname, 'client.cache');
const script = new Script(`(function (exports, require, module, __filename, __dirname) {${readFileSync(bundle, 'utf8')}\n})`, {
  filename: bundle,
  ...cached(),
});

// How the build makes the cache: at the end of a short command, when all that it needs has been compiled.
if (process.env.MUSTER_BUILD_CACHE === cache) process.once('exit', () => writeFileSync(cache, script.createCachedData()));
script.runInThisContext()(module.exports, require, module, bundle, __dirname);

function cached(): { cachedData?: Buffer } {
  try {
    return { cachedData: readFileSync(cache) };
  } catch {
    return {};
  }
}
