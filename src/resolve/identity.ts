import { MusterError } from '../model/error.ts';
import type { CommandSpec, Spec } from '../model/fields/table.ts';
import type { Identity } from '../model/keeper.ts';
import { didYouMean } from '../model/suggest.ts';
import type { Accounts, Group, User } from './accounts.ts';

/** As whom a module is to run. */
export interface Resolved {
  /** Null: as the daemon, with what that may do. */
  readonly identity: Identity | null;
  /** Null: that of the daemon. */
  readonly user: Pick<User, 'name' | 'home' | 'shell'> | null;
}

/** As whom the daemon runs. */
export interface Self {
  readonly uid: number;
  readonly gid: number;
}

type Asked = Pick<CommandSpec, 'user' | 'group' | 'groups' | 'umask' | 'rlimits' | 'noNewPrivileges' | 'allowRoot'>;

const largest = 2 ** 32 - 2;

/** Names to numbers. Rejects with ENOENT where one is unknown, and with EPERM where it is not allowed. */
export async function identityOf(spec: Spec, accounts: Accounts, self: Self): Promise<Resolved> {
  const { umask, rlimits, noNewPrivileges, ...asked } = spec as Asked;
  if (!asksIdentity(spec)) return { identity: null, user: null };
  const user = asked.user === undefined ? null : await userFor(asked.user, asked.group, accounts);
  const group = asked.group === undefined ? null : await groupFor(asked.group, accounts);
  const gid = group?.gid ?? user?.gid ?? null;
  const groups = asked.groups === undefined ? null : await Promise.all(asked.groups.map((each) => groupFor(each, accounts)));
  if (user?.uid === 0 && !asked.allowRoot) {
    throw new MusterError('EPERM', `user ${asked.user} is root, as which modules are not run without being allowed to`, {
      hint: 'Say allowRoot: true if that is meant, or name another user.',
    });
  }
  const others = whoElse(user, gid, groups, self);
  const numbers = others
    ? { uid: user?.uid ?? null, gid, groups: groups?.map((each) => each.gid) ?? (await ownGroups(user, gid, accounts)) }
    : { uid: null, gid: null, groups: null };
  const limits = Object.entries(rlimits ?? {}).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]));
  return {
    identity: {
      ...numbers,
      umask: umask === undefined ? null : Number.parseInt(umask, 8),
      rlimits: Object.fromEntries(limits),
      noNewPrivileges: noNewPrivileges === true,
    },
    user,
  };
}

/** Whether the module says anything of how it is to run. */
export function asksIdentity(spec: Spec): boolean {
  const { user, group, groups, umask, rlimits, noNewPrivileges } = spec as Partial<Asked>;
  return [user, group, groups, umask, rlimits].some((each) => each !== undefined) || noNewPrivileges === true;
}

/** Whether it runs as somebody else than the daemon, which root alone can bring about. */
function whoElse(user: User | null, gid: number | null, groups: readonly Group[] | null, self: Self): boolean {
  if (self.uid === 0) return user !== null || gid !== null || groups !== null;
  const other = user !== null && user.uid !== self.uid ? `user ${user.name}` : gid !== null && gid !== self.gid ? `group ${gid}` : null;
  const refused = other ?? (groups === null ? null : 'other groups');
  if (refused === null) return false;
  throw new MusterError('EPERM', `only root can run a module with ${refused}; the daemon runs as uid ${self.uid}`, {
    hint: 'Run the daemon as root, or remove user, group and groups.',
  });
}

async function userFor(asked: string, group: string | undefined, accounts: Accounts): Promise<User> {
  const known = await accounts.user(asked);
  if (known !== null) return known;
  if (!isNumber(asked)) throw unknown('user', asked, accounts);
  if (group === undefined) {
    throw new MusterError('EINVAL', `user ${asked} has no entry in /etc/passwd, which would say its group`, { hint: 'Say group, too.' });
  }
  const { gid } = await groupFor(group, accounts);
  return { name: asked, uid: Number(asked), gid, home: '/', shell: '/bin/sh' };
}

async function groupFor(asked: string, accounts: Accounts): Promise<Group> {
  const known = await accounts.group(asked);
  if (known !== null) return known;
  if (isNumber(asked)) return { name: asked, gid: Number(asked), members: [] };
  throw unknown('group', asked, accounts);
}

/** Without a user there is none whose groups it could be in; those of root are not left to it. */
async function ownGroups(user: User | null, gid: number | null, accounts: Accounts): Promise<number[]> {
  if (user === null) return gid === null ? [] : [gid];
  return accounts.groupsOf(gid === null ? user : { ...user, gid });
}

function isNumber(asked: string): boolean {
  return /^\d+$/.test(asked) && Number(asked) <= largest;
}

function unknown(kind: 'user' | 'group', asked: string, accounts: Accounts): MusterError {
  const hint = didYouMean(asked, accounts.names(kind)) ?? `See: getent ${kind === 'user' ? 'passwd' : 'group'}`;
  return new MusterError('ENOENT', `there is no ${kind} "${asked}" on this machine`, { hint });
}
