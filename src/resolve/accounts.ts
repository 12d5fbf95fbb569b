import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Look } from './files.ts';

export interface User {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
  readonly shell: string;
}

export interface Group {
  readonly name: string;
  readonly gid: number;
  readonly members: readonly string[];
}

/** The users and groups of this machine: of its files, and where these do not know a name, of whatever getent(1) asks. */
export interface Accounts {
  /** By name or number; null: there is none. */
  user(asked: string): Promise<User | null>;
  group(asked: string): Promise<Group | null>;
  /** Numbers of all groups that a user is in, its own first. */
  groupsOf(user: User): Promise<number[]>;
  names(kind: 'user' | 'group'): string[];
  /** Another one where the files have changed. */
  version(look: Look): string;
}

const files = { user: '/etc/passwd', group: '/etc/group' };
const getentMs = 5000;

export function createAccounts(paths = files): Accounts {
  const users = () => read(paths.user).flatMap(userOf);
  const groups = () => read(paths.group).flatMap(groupOf);
  return {
    async user(asked) {
      return users().find(matches(asked, 'uid')) ?? (await getent('passwd', asked)).flatMap(userOf)[0] ?? null;
    },
    async group(asked) {
      return groups().find(matches(asked, 'gid')) ?? (await getent('group', asked)).flatMap(groupOf)[0] ?? null;
    },
    async groupsOf({ name, gid }) {
      const known = users().some((user) => user.name === name);
      const others = known
        ? groups().flatMap((group) => (group.members.includes(name) ? [group.gid] : []))
        : (await getent('initgroups', name)).flatMap((line) => line.trim().split(/\s+/).slice(1).map(Number));
      return [...new Set([gid, ...others])];
    },
    names: (kind) => (kind === 'user' ? users() : groups()).map(({ name }) => name),
    version: (look) => [paths.user, paths.group].map((path) => keyOf(look.stat(path))).join(),
  };
}

function matches(asked: string, number: 'uid' | 'gid') {
  return (account: { readonly name: string; readonly uid?: number; readonly gid: number }): boolean =>
    account.name === asked || (/^\d+$/.test(asked) && account[number] === Number(asked));
}

function read(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n');
  } catch {
    return [];
  }
}

function userOf(line: string): User[] {
  const [name = '', , uid, gid, , home = '', shell = ''] = line.split(':');
  if (name === '' || !isNumber(uid) || !isNumber(gid)) return [];
  return [{ name, uid: Number(uid), gid: Number(gid), home: home || '/', shell: shell || '/bin/sh' }];
}

function groupOf(line: string): Group[] {
  const [name = '', , gid, members = ''] = line.split(':');
  return name === '' || !isNumber(gid) ? [] : [{ name, gid: Number(gid), members: members.split(',').filter((member) => member !== '') }];
}

function isNumber(text: string | undefined): boolean {
  return /^\d+$/.test(text ?? '');
}

/** Directories on the network and the like; no lines where it knows nothing or is not there. */
function getent(database: string, key: string): Promise<string[]> {
  // What begins with a dash would be an option.
  if (key.startsWith('-')) return Promise.resolve([]);
  return new Promise((resolve) => {
    execFile('getent', [database, key], { timeout: getentMs }, (error, stdout) => resolve(error === null ? stdout.split('\n') : []));
  });
}

function keyOf(stats: { ino: number; size: number; mtimeMs: number } | undefined): string {
  return stats === undefined ? '' : `${stats.ino}:${stats.size}:${stats.mtimeMs}`;
}
