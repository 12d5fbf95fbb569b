import { CommanderError } from 'commander';
import { exitCode, exitCodeOf } from '../model/exit-code.ts';
import { version } from '../model/version.ts';
import type { Call, Globals } from './command.ts';
import { table } from './commands/table.ts';
import { printFailure } from './failure.ts';
import type { Io } from './io.ts';
import { type Found, makeProgram } from './program.ts';
import { loadColours, makeStyle } from './style.ts';

/** Runs one command line and resolves with its exit code. `onSignals` is called where signals end the client. */
export async function run(argv: readonly string[], io: Io, onSignals: () => void): Promise<number> {
  const parsed = parse(argv, io);
  if (typeof parsed === 'number') return parsed;
  const { definition, args, options } = parsed;
  const call = await makeCall(args, options, io);
  if (definition.ownsSignals !== true) onSignals();
  try {
    return await definition.run(call);
  } catch (error) {
    const target = args[0] !== undefined && /NAME|TOPIC/.test(definition.operands ?? '') ? ` ${args[0]}` : '';
    printFailure(`${definition.name}${target}`, error, io, call.errStyle);
    return exitCodeOf(error as { code?: unknown });
  }
}

async function makeCall(args: string[], options: Record<string, unknown>, io: Io): Promise<Call> {
  const wanted = options.color !== false && !io.env.NO_COLOR && io.env.TERM !== 'dumb';
  const colours = wanted && (io.outTerminal || io.errTerminal) ? await loadColours() : null;
  const outColours = io.outTerminal ? colours : null;
  return {
    args,
    options,
    globals: options as Globals,
    io,
    table,
    colours: outColours,
    style: makeStyle(outColours),
    errStyle: makeStyle(io.errTerminal ? colours : null),
  };
}

/** The command that was asked for; or, where help, the version or a usage error was printed, the exit code. */
function parse(argv: readonly string[], io: Io): Found | number {
  let found: Found | undefined;
  const program = makeProgram(table, argv, version, (call) => {
    found = call;
  });
  for (const command of [program, ...program.commands]) {
    command.exitOverride();
    command.configureOutput({ writeOut: io.out, writeErr: io.err, outputError: () => {} });
  }
  try {
    program.parse(known(argv), { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return exitCode.ok;
    const command = program.commands.find((one) => one.name() === program.args[0]);
    if (error.code !== 'commander.help') printUsage(error, command?.name(), command?.usage(), io);
    return exitCode.error;
  }
  return found ?? exitCode.error;
}

/** Help about what is no command is a question about an unknown command. */
function known(argv: readonly string[]): readonly string[] {
  const [first, second] = argv;
  const asks = first === 'help' && second !== undefined && !second.startsWith('-');
  return asks && !table.some(({ name }) => name === second) ? argv.slice(1) : argv;
}

function printUsage(error: CommanderError, name: string | undefined, usage: string | undefined, io: Io): void {
  const message = error.message.replace(/^error: /, '').replace(/\n\(/, ' (');
  const prefix = name === undefined ? 'muster' : `muster ${name}`;
  io.err(`muster: ${name === undefined ? '' : `${name}: `}${message}\n`);
  io.err(`Usage: ${prefix} ${usage ?? '[OPTIONS] COMMAND [ARGS...]'}\n  ${prefix} --help tells more\n`);
}
