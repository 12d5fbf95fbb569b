import { resolve } from 'node:path';
import { MusterError } from '../../model/error.ts';
import type { FirstRun, UpOptions } from '../../model/up.ts';
import { nextStepsText } from '../../render/next-steps.ts';
import type { Call, Definition } from '../command.ts';
import { detach } from '../detach.ts';
import { printDiagnostics, wireOf } from '../failure.ts';
import { collect } from '../options.ts';
import { print, printJson, runText } from '../output.ts';
import { which, whichFlags } from '../which.ts';

interface Options {
  config?: string[];
  detach?: boolean;
  detached?: boolean;
  replace?: boolean;
  socketMode?: number;
  socketGroup?: string;
}

export const up: Definition<Options> = {
  name: 'up',
  summary: 'run the daemon',
  details:
    'In the foreground until SIGTERM, SIGINT or `muster down`; SIGHUP reloads. Without -c the config is $MUSTER_CONFIG,\n' +
    './muster.yaml, $XDG_CONFIG_HOME/muster/muster.yaml or /etc/muster/muster.yaml. Later files merge over earlier ones.\n' +
    'With -d it returns when the first run is done, with its exit code; the daemon stays also when that is 4 or 6.\n' +
    'With --replace it goes on with what another daemon of the same state dir runs, commands and code alike, and that one ends;\n' +
    'if it cannot, the other one goes on. Without another one it starts as always.',
  options: [
    { flags: '-c, --config <FILE>', doc: 'config file (repeatable)', parse: collect },
    { flags: '-d, --detach', doc: 'run it in the background' },
    { flags: '--socket-mode <MODE>', doc: 'permissions of the socket, octal (default: 0600)', parse: octal },
    { flags: '--socket-group <GROUP>', doc: 'group of the socket' },
    { flags: '--replace', doc: 'take over from the daemon that runs, without touching what it runs' },
    { flags: '--detached', doc: 'this is the background process of up -d', hidden: true },
  ],
  examples: ['muster up -c muster.yaml', 'muster up --replace -d', 'muster up -d -c base.yaml -c web1.yaml'],
  ownsSignals: true,
  async run(call) {
    if (call.globals.socket !== undefined) {
      throw new MusterError('EINVAL', 'a daemon makes its socket in its state dir', { hint: 'use --state-dir instead of --socket' });
    }
    if (call.options.detach === true) return detach(call, (first) => printFirstRun(call, first));
    return call.options.detached === true ? background(call) : foreground(call);
  },
};

async function foreground(call: Call<Options>): Promise<number> {
  const { runDaemon } = await import('../../daemon/main.ts');
  outliveOutput();
  return runDaemon(upOptions(call, (first) => printFirstRun(call, first)));
}

/** A terminal that closes, or a log on a full disk, ends no daemon. */
function outliveOutput(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
}

/** The far end of `detach`: what it would print goes to the one who waits. */
async function background(call: Call<Options>): Promise<number> {
  const tell = (message: object): void => {
    if (process.connected === true) process.send?.(message, () => process.connected && process.disconnect());
  };
  outliveOutput();
  try {
    const { runDaemon } = await import('../../daemon/main.ts');
    return await runDaemon(upOptions(call, (first) => tell({ first })));
  } catch (error) {
    tell({ error: wireOf(error) });
    throw error;
  }
}

function upOptions(call: Call<Options>, onReady: (first: FirstRun) => void): UpOptions {
  const { config, socketMode, socketGroup, replace } = call.options;
  const { name, stateDir } = which(call.globals, call.io);
  return {
    files: (config ?? []).map((file) => resolve(call.io.cwd, file)),
    stateDir,
    daemonName: name,
    // As it is now, and in a form that costs less to read than the process's own.
    env: { ...call.io.env },
    cwd: call.io.cwd,
    terminal: call.io.errTerminal,
    onReady,
    ...(replace === undefined ? {} : { replace }),
    ...(socketMode === undefined ? {} : { socketMode }),
    ...(socketGroup === undefined ? {} : { socketGroup }),
  };
}

function printFirstRun(call: Call<Options>, { result, diagnostics }: FirstRun): void {
  printDiagnostics(diagnostics, call.io, call.errStyle);
  if (call.globals.json === true) {
    printJson(call, result);
    return;
  }
  if (result !== null) print(call, runText(result, call.style));
  const { name } = which(call.globals, call.io);
  print(call, nextStepsText({ name, command: `${call.io.self}${whichFlags(call.globals, call.io)}` }, call.style));
}

function octal(text: string): number {
  if (!/^0?[0-7]{3}$/.test(text)) throw new MusterError('EINVAL', `"${text}" is no octal mode such as 0660`);
  return Number.parseInt(text, 8);
}
