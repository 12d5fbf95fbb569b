import { MusterError } from '../model/error.ts';
import type { Identity, ProcessExit, SpawnSpec } from '../model/keeper.ts';
import type { ProgramProblem } from '../model/program.ts';
import { spawnError } from './preflight.ts';

/** What is executed, and what it is called: tools by their names, by which busybox tells what it is to be. */
export interface Line {
  readonly file: string;
  readonly argv0: string;
  readonly args: readonly string[];
}

/** What of a program says how it is launched. */
export type Launch = Pick<SpawnSpec, 'argv' | 'arg0' | 'identity'> & {
  /** Only the names count. */
  readonly env: Readonly<Record<string, unknown>>;
};

/** Where a tool is; null if this machine does not have it. */
export type FindTool = (name: 'sh' | 'perl' | 'python3' | 'setpriv' | 'prlimit' | 'mkfifo') => string | null;

/** How the launcher dies when it cannot do its work, and what exec would have said; programs do not die of these. */
const failures: Readonly<Record<string, string>> = { SIGSTKFLT: 'ENOENT', SIGPWR: 'EACCES' };

/**
 * Joins the cgroup, sets the mask and becomes the program. A trap runs only if it could not: 16 and 30 are the
 * signals of `failures`. bash ends without it unless told. `$1` cgroup.procs, `$2` umask, `$3` variables the shell has made up.
 */
const becomes = `[ -z "$BASH_VERSION" ] || shopt -s execfail
trap 'case $? in 127) kill -16 $$;; *) kill -30 $$;; esac' EXIT
[ -z "$1" ] || echo 0 >"$1" || exit 1
[ -z "$2" ] || umask "$2" || exit 1
unset $3
shift 3
exec "$@"`;

/** The same, with a name of its own for the program, and an environment that is not looked at. */
const becomesNamed = `my ($procs, $umask, undef, $name, $file, @args) = @ARGV;
if (length $procs) { my $join; open($join, ">", $procs) && syswrite($join, "0") && close($join) or kill(30, $$) }
umask(oct $umask) if length $umask;
{ no warnings; exec {$file} ($name, @args) }
kill($! == 2 ? 16 : 30, $$); sleep 1;`;

/** What shells make up, read as their own settings, or do not pass on as it is. */
const shellVariables = /^(?:PWD|OLDPWD|OPT(?:IND|ARG|ERR)|LINENO|PPID|IFS|PS4|ENV|SHLVL|SHELLOPTS|E?UID|_|BASH.*)$/;
const madeUp = 'PWD OLDPWD SHLVL';

/**
 * The command line that joins the cgroup (`procs`, its cgroup.procs), takes on the identity and becomes the program, in one
 * process all along. Privileges go after the cgroup was joined. Without either it is the program itself. Pure.
 */
export function launchLine(spec: Launch, file: string, procs: string | null, find: FindTool): Line {
  const { identity } = spec;
  const [command = file, ...args] = spec.argv;
  const name = spec.arg0 ?? command;
  if (procs === null && (identity === undefined || isOurs(identity))) return { file, argv0: name, args };
  const change = identity === undefined ? [] : [...limited(identity, find), ...dropped(identity, find)];
  const join = [procs ?? '', umaskOf(identity)];
  if (change.length === 0) return become(join, spec, file, name, args, find);
  // Two: whoever could not be executed by the changed one has to be told apart as well.
  const last = become(['', ''], spec, file, name, args, find);
  const sh = need(find, 'sh', 'containment and identity');
  return { file: sh, argv0: 'sh', args: ['-c', becomes, 'muster', ...join, madeUpBeside(spec), ...change, last.file, ...last.args] };
}

/** What such a launch would fail for, with whatever program and without a cgroup; null: it would not. Pure. */
export function missingTool(launch: Omit<Launch, 'argv'>, find: FindTool): ProgramProblem | null {
  try {
    launchLine({ ...launch, argv: [] }, '/', null, find);
    return null;
  } catch (error) {
    if (!(error instanceof MusterError)) throw error;
    const { code, message, hint } = error;
    return { code, message, ...(hint === undefined ? {} : { hint }) };
  }
}

/** A launcher needs some milliseconds; what lives longer is the program. */
const launchMs = 10_000;

/** What kept the launcher from becoming the program, in the words for a program that cannot be executed; null: nothing. Pure. */
export function launchFailure({ signal }: ProcessExit, ranMs: number, line: Line, spec: SpawnSpec, file: string): MusterError | null {
  const code = signal === null || ranMs > launchMs || line.file === file ? undefined : failures[signal];
  return code === undefined ? null : spawnError({ code, message: code }, spec, file);
}

function become(join: readonly string[], spec: Launch, file: string, name: string, args: readonly string[], find: FindTool): Line {
  if (spec.arg0 === undefined && isForShell(spec)) {
    // Where it was found: a shell would try every folder of the PATH once more.
    const program = name.includes('/') && !name.startsWith('-') ? name : file;
    const words = ['-c', becomes, 'muster', ...join, madeUpBeside(spec), program, ...args];
    return { file: need(find, 'sh', 'containment and identity'), argv0: 'sh', args: words };
  }
  const what = spec.arg0 === undefined ? 'a variable in `env` that shells do not pass on' : '`arg0`';
  const perl = need(find, 'perl', `${what} together with a cgroup or another identity`);
  return { file: perl, argv0: 'perl', args: ['-e', becomesNamed, '--', ...join, '', name, file, ...args] };
}

function isForShell({ env }: Launch): boolean {
  return Object.keys(env).every((key) => /^[A-Za-z_]\w*$/.test(key) && !shellVariables.test(key));
}

function madeUpBeside({ env }: Launch): string {
  return madeUp
    .split(' ')
    .filter((key) => !(key in env))
    .join(' ');
}

function isOurs({ uid, gid, groups, umask, rlimits, noNewPrivileges }: Identity): boolean {
  const isSame = uid === null && gid === null && groups === null && umask === null;
  return isSame && Object.keys(rlimits).length === 0 && !noNewPrivileges;
}

function umaskOf(identity: Identity | undefined): string {
  return identity?.umask == null ? '' : identity.umask.toString(8).padStart(3, '0');
}

function limited({ rlimits }: Identity, find: FindTool): string[] {
  const limits = Object.entries(rlimits);
  if (limits.length === 0) return [];
  return [need(find, 'prlimit', '`rlimits`'), ...limits.map(([name, value]) => `--${name}=${value}`)];
}

function dropped({ uid, gid, groups, noNewPrivileges }: Identity, find: FindTool): string[] {
  const changes = uid !== null || gid !== null || groups !== null;
  if (!changes && !noNewPrivileges) return [];
  const supplementary = groups === null ? '--keep-groups' : groups.length === 0 ? '--clear-groups' : `--groups=${groups.join()}`;
  return [
    need(find, 'setpriv', '`user`, `group` and `noNewPrivileges`'),
    ...(uid === null ? [] : [`--reuid=${uid}`]),
    ...(gid === null ? [] : [`--regid=${gid}`]),
    ...(changes ? [supplementary] : []),
    ...(noNewPrivileges ? ['--no-new-privs'] : []),
  ];
}

const packages = { sh: 'a POSIX shell', perl: 'perl', setpriv: 'util-linux', prlimit: 'util-linux' };

function need(find: FindTool, tool: keyof typeof packages, what: string): string {
  const path = find(tool);
  if (path !== null) return path;
  throw new MusterError('ENOTSUP', `${tool} is not on this machine, and ${what} cannot do without`, { hint: `Install ${packages[tool]}.` });
}
