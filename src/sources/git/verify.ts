import { join } from 'node:path';
import type { GitSpec, GitVerify } from '../../model/source.ts';
import { installKeys, type Keys, readKeys } from './keys.ts';
import { describe, type Found, type Mirror } from './mirror.ts';
import { type GitVersion, requireGit } from './needs.ts';
import { keyFiles, type Places } from './places.ts';
import type { Program } from './program.ts';
import { signerOf } from './signature.ts';
import { Trouble } from './trouble.ts';

export interface VerifierOptions {
  readonly verify: GitVerify;
  readonly ref: GitSpec['ref'];
  readonly places: Places;
  readonly run: Program;
  readonly id: () => string;
}

/** Asks git who signed what was found. Git alone decides; muster says only with whose keys. */
export function createVerifier({ verify, ref, places, run, id }: VerifierOptions) {
  let installed: string | null = null;

  return {
    keys: (): Promise<Keys> => readKeys(verify.keys),
    async signer(found: Found, keys: Keys, mirror: Mirror, version: GitVersion, signal: AbortSignal): Promise<string> {
      if (keys.signers.length > 0) requireGit(version, { version: [2, 34], what: 'a signature by an SSH key' });
      if (installed !== keys.digest) {
        installed = null;
        await installKeys(keys, places, run, id());
        installed = keys.digest;
      }
      const [kind, object] =
        verify.mode === 'tag' ? (['tag', await signedTag(found, mirror)] as const) : (['commit', found.revision] as const);
      const env = { GNUPGHOME: join(places.keys, keyFiles.gnupg) };
      const { code, stderr } = await mirror.git([`verify-${kind}`, '--raw', object], { env, signal });
      const content = (await mirror.own(['cat-file', kind, object])).toString();
      return signerOf({ code, raw: stderr, object: content }, kind === 'tag' ? describe(ref) : `commit ${object.slice(0, 12)}`);
    },
  };

  /** A signed tag says its own name: else an old one could be put in the place of another. */
  async function signedTag({ tag, revision }: Found, mirror: Mirror): Promise<string> {
    if (tag === null) {
      throw new Trouble('unsigned', `${describe(ref)} is no annotated tag, so nobody signed it; git tag -s makes one`, revision);
    }
    const content = (await mirror.own(['cat-file', 'tag', tag])).toString();
    const name = /^tag (.*)$/m.exec(content.slice(0, content.indexOf('\n\n')))?.[1] ?? '';
    if ('tag' in ref && name === ref.tag) return tag;
    throw new Trouble('untrusted', `${describe(ref)} holds the tag of another name`, revision);
  }
}
