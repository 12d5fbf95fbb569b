import { join } from 'node:path';
import { type GitVersion, isAtLeast } from './needs.ts';
import { keyFiles, type Places } from './places.ts';

/** What old but harmless commits have, and what servers let pass. */
const harmless = [
  ...[
    'zeroPaddedFilemode',
    'badTimezone',
    'missingSpaceBeforeDate',
    'missingSpaceBeforeEmail',
    'missingEmail',
    'badDate',
    'badDateOverflow',
  ],
  ...['badEmail', 'missingNameBeforeEmail', 'zeroPaddedDate', 'missingTaggerEntry', 'badFilemode', 'extraHeaderEntry'],
];

/** All the settings of the mirror; the machine's and the user's do not count. Nothing that comes with a repository can run. */
export function mirrorConfig({ keys }: Pick<Places, 'keys'>, version: GitVersion): string {
  return text({
    core: {
      repositoryFormatVersion: 0,
      hooksPath: '/dev/null',
      fsmonitor: false,
      logAllRefUpdates: false,
      symlinks: true,
      fileMode: true,
      autocrlf: false,
      protectHFS: true,
      protectNTFS: true,
      attributesFile: '/dev/null',
      excludesFile: '/dev/null',
      askPass: '/bin/false',
      quotePath: true,
      ...(isAtLeast(version, [2, 36]) ? { fsync: 'all' } : { fsyncObjectFiles: true }),
    },
    credential: { helper: '' },
    protocol: { version: 2 },
    http: { followRedirects: 'initial', sslVerify: true },
    transfer: { fsckObjects: true, unpackLimit: 1, bundleURI: false },
    fetch: { unpackLimit: 1, recurseSubmodules: false, writeCommitGraph: false },
    'fetch "fsck"': Object.fromEntries(harmless.map((what) => [what, 'warn'])),
    submodule: { recurse: false },
    gc: { auto: 0 },
    maintenance: { auto: false },
    pack: { threads: 1, windowMemory: '64m' },
    log: { showSignature: false },
    gpg: { program: 'gpg' },
    'gpg "x509"': { program: '/bin/false' },
    'gpg "ssh"': { program: 'ssh-keygen', allowedSignersFile: join(keys, keyFiles.signers) },
  });
}

/** Stands above what the files of a repository say of themselves: no conversion, no filter, nothing but their bytes. */
export const mirrorAttributes = '* -text !eol -ident !filter !working-tree-encoding !diff !merge !export-subst !export-ignore !encoding\n';

function text(sections: Readonly<Record<string, Readonly<Record<string, string | number | boolean>>>>): string {
  return Object.entries(sections)
    .filter(([, settings]) => Object.keys(settings).length > 0)
    .map(([name, settings]) => {
      const lines = Object.entries(settings).map(([key, value]) => `\t${key} = ${quoted(String(value))}\n`);
      return `[${name}]\n${lines.join('')}`;
    })
    .join('');
}

function quoted(value: string): string {
  return `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}
