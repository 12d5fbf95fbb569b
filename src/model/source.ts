import type { SecretRef } from './fields/kit.ts';

/** `source.git` of the config: where modules, hosts and alternatives come from instead of the host's own file. */
export interface GitSpec {
  /** Anything that git fetches from; a password in it is refused, for that is what `credentials` is for. */
  readonly url: string;
  readonly ref: GitRef;
  /** Of the config within the repository, relative to its root. */
  readonly path: string;
  /** ms between two looks, with jitter; 0: only when asked. */
  readonly interval: number;
  /** ms after which a fetch is given up. */
  readonly timeout: number;
  /** Who may sign what is applied; null: nothing is asked of signatures. */
  readonly verify: GitVerify | null;
  /** What the repository may name of this host. */
  readonly allow: GitAllow;
  /** Whether what is no descendant of what was applied is applied all the same. */
  readonly allowRewind: boolean;
  /** Absolute folder in which checkouts lie where other users can read them; null: in the state dir, where nobody can. */
  readonly checkoutDir: string | null;
  /** Bytes of all that is fetched. */
  readonly maxFetch: number;
  /** Files of one commit, and their bytes. */
  readonly maxFiles: number;
  readonly maxSize: number;
  readonly credentials: GitCredentials | null;
  readonly webhook: GitWebhook | null;
}

export type GitRef = { readonly branch: string } | { readonly tag: string } | { readonly commit: string };

/** `head`: the commit itself is signed; `tag`: the tag that `ref` names. */
export interface GitVerify {
  readonly mode: 'head' | 'tag';
  /** Absolute paths of public keys: SSH (one line of OpenSSH or an allowed-signers file) or armoured OpenPGP. */
  readonly keys: readonly string[];
}

/** Globs over secret references such as `file:/run/secrets/*` or `env:APP_*`, and over names of users and groups. Empty: none. */
export interface GitAllow {
  readonly secrets: readonly string[];
  readonly users: readonly string[];
}

/** For https a name and a token, for ssh the file of a private key and those of known hosts. */
export interface GitCredentials {
  readonly username?: string;
  readonly token?: SecretRef;
  /** Absolute paths. */
  readonly sshKey?: string;
  readonly knownHosts?: string;
}

/** A POST there, signed with the secret (HMAC-SHA-256, as GitHub signs, or GitLab's token), looks at once. */
export interface GitWebhook {
  /** `HOST:PORT`. */
  readonly listen: string;
  readonly secret: SecretRef;
}

/**
 * Why what the repository has is not what is used. `damaged`: what was used is not as it was committed any more, and so is not used.
 * `noGit`: git, gpg or ssh-keygen is missing here, or too old.
 */
export type SourceProblem =
  | 'unreachable'
  | 'badRef'
  | 'badPath'
  | 'unsigned'
  | 'untrusted'
  | 'rewound'
  | 'refused'
  | 'damaged'
  | 'disk'
  | 'noGit';

/** How it is with a source, as `status` shows it. Times are ISO 8601. */
export interface SourceDoc {
  readonly kind: 'git';
  /** Without anything secret. */
  readonly url: string;
  readonly ref: string;
  readonly path: string;
  /** The commit whose files are used; null: none yet. */
  readonly revision: string | null;
  /** First line of its message, and who wrote it. */
  readonly subject: string | null;
  readonly author: string | null;
  /** Who signed it, as git says it; null: not looked at. */
  readonly signer: string | null;
  /** When the repository last answered; null: never. */
  readonly fetchedAt: string | null;
  /** When `revision` came to be used. */
  readonly since: string | null;
  /** What is wrong now; the revision above goes on. */
  readonly problem: {
    readonly code: SourceProblem;
    readonly message: string;
    readonly since: string;
    readonly revision: string | null;
  } | null;
}

/** A source that was brought up to date as far as it could be. */
export interface Synced {
  readonly doc: SourceDoc;
  /** Absolute folder of the checkout, the same for every revision; null: there is none yet. */
  readonly root: string | null;
  /** Whether other files are used than before. */
  readonly moved: boolean;
}

/** Who changed something last. */
export interface Blame {
  readonly commit: string;
  readonly author: string;
  /** ISO 8601. */
  readonly at: string;
  readonly subject: string;
}

/** One repository, fetched and checked out below the state dir. Nothing from it is run. */
export interface Source {
  readonly doc: SourceDoc;
  readonly root: string | null;
  /**
   * Fetches, verifies, checks out beside what is used and switches. Never rejects for what is wrong with the repository: that
   * is `doc.problem`. One at a time; whoever asks during one shares the next. `applied`: the commit that what runs came
   * from, of which a new one has to be a descendant; null: none. Once `signal` aborts it ends, and nothing is changed.
   */
  sync(asked: { readonly applied: string | null; readonly signal?: AbortSignal }): Promise<Synced>;
  /** Back to a commit that was used before; false where it is not there any more. */
  restore(revision: string): Promise<boolean>;
  /** The commit that last changed a line of a file of the checkout, for `explain`; null where it cannot be told. */
  blame(file: string, line: number): Promise<Blame | null>;
  close(): Promise<void>;
}
