import { homedir } from 'node:os';
import { selfOf } from '../../src/cli/io.ts';
import { run } from '../../src/cli/run.ts';

/** Commands that only ask the daemon and print what it answers; `--against` plans without one. */
const asking = new Set(
  (
    'audit cgroup debug down drift events export get history hold info install list load logs outdated publish reconcile ' +
    'release reload remove request restart rollback set signal start stats status stop trigger uninstall unset'
  ).split(' '),
);

export const isAsking = (argv: readonly string[]): boolean => asking.has(argv[0] ?? '') && !argv.includes('--against');

export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly stdin: string;
  /** The file of the program that this stands for. */
  readonly program: string;
}

/** Runs such a command here and not in a process of its own, which would take longer to start than all the rest; test/cli has these. */
export async function ask(
  argv: readonly string[],
  { env, cwd, stdin, program }: Surroundings,
): Promise<{ code: number; stdout: string; stderr: string }> {
  let stdout = '';
  let stderr = '';
  const io = {
    env,
    cwd,
    home: env.HOME || homedir(),
    uid: process.getuid?.() ?? -1,
    self: selfOf(program, cwd),
    program: [process.execPath, program],
    outTerminal: false,
    errTerminal: false,
    columns: () => 80,
    out: (text: string) => {
      stdout += text;
    },
    err: (text: string) => {
      stderr += text;
    },
    room: () => null,
    read: async () => stdin,
  };
  const code = await run(argv, io, () => {});
  return { code, stdout, stderr };
}
