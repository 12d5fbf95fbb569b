import { Command, Help, InvalidArgumentError, Option } from 'commander';
import { MusterError, messageOf } from '../model/error.ts';
import type { Definition, OptionSpec } from './command.ts';

export type Found = { definition: Definition; args: string[]; options: Record<string, unknown> };

/** Makes the parser of a command line from the table. `found` gets the command that was asked for. */
export function makeProgram(table: readonly Definition[], argv: readonly string[], version: string, found: (call: Found) => void): Command {
  const program = new Command('muster')
    .description('Reconciles what runs on this machine with a config file: edit, reload, and exactly the difference is applied.')
    .usage('[OPTIONS] COMMAND [ARGS...]')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [COMMAND]', 'print the help of a command')
    .enablePositionalOptions()
    // What a command takes is told by its own help: here it would leave no room on a line for what it does.
    .configureHelp({ showGlobalOptions: false, groupItems: globalLast, subcommandTerm: (command) => command.name() });
  for (const option of globalOptions()) program.addOption(option);
  for (const definition of relevant(table, argv))
    program.addCommand(makeCommand(definition, program, found), { hidden: definition.hidden === true });
  program.addHelpText('after', '\nmuster COMMAND --help tells more of each.');
  return program;
}

/** Making a parser takes a tenth of the time of a short command, so only what the line can be about is made. */
function relevant(table: readonly Definition[], argv: readonly string[]): readonly Definition[] {
  const named = table.filter(({ name }) => argv.includes(name));
  const first = argv.find((word) => !word.startsWith('-') || word === '-h' || word === '--help');
  return named.length === 0 || first === 'help' || first?.startsWith('-') === true ? table : named;
}

function makeCommand(definition: Definition, program: Command, found: (call: Found) => void): Command {
  const command = new Command(definition.name)
    .summary(definition.summary)
    .description(definition.details === undefined ? definition.summary : `${definition.summary}\n\n${definition.details}`)
    .helpOption('-h, --help', 'print this help')
    .copyInheritedSettings(program)
    .allowExcessArguments(false);
  if (definition.operands !== undefined) command.arguments(definition.operands);
  if (definition.passThrough === true) command.passThroughOptions();
  for (const spec of definition.options ?? []) command.addOption(makeOption(spec));
  for (const option of globalOptions()) command.addOption(option);
  const several = definition.examples.length > 1;
  command.addHelpText('after', `\n${several ? 'Examples' : 'Example'}:\n${definition.examples.map((line) => `  ${line}`).join('\n')}`);
  return command.action(() => {
    const outer = program.opts();
    const own = command.opts();
    const color = outer.color !== false && own.color !== false;
    found({ definition, args: command.args, options: { ...outer, ...own, color } });
  });
}

/** Each command has its own copy, so that they stand anywhere. */
function globalOptions(): Option[] {
  const options = [
    new Option('--daemon <NAME>', 'which daemon (default: $MUSTER_DAEMON, else "default")'),
    new Option('--state-dir <DIR>', 'which daemon, by its state dir (default: $MUSTER_STATE_DIR)'),
    new Option('--socket <PATH>', 'which daemon, by its socket'),
    new Option('--json', 'print JSON'),
    new Option('--no-color', 'no colours, as with $NO_COLOR'),
  ];
  for (const option of options) option.helpGroup(globalGroup);
  return options;
}

const globalGroup = 'Global options:';

/** A command's own options come first, also where that is only --help. */
const globalLast: Help['groupItems'] = (unsorted, visible, groupOf) => {
  const groups = Help.prototype.groupItems(unsorted, visible, groupOf);
  const global = groups.get(globalGroup);
  if (global !== undefined && groups.delete(globalGroup)) groups.set(globalGroup, global);
  return groups;
};

function makeOption(spec: OptionSpec): Option {
  const option = new Option(spec.flags, spec.doc);
  if (spec.choices !== undefined) option.choices(spec.choices);
  if (spec.hidden === true) option.hideHelp();
  if (spec.fallback !== undefined) option.default(spec.fallback);
  const { parse } = spec;
  if (parse === undefined) return option;
  return option.argParser((text, before) => {
    try {
      return parse(text, before as never);
    } catch (error) {
      const hint = error instanceof MusterError && error.hint !== undefined ? `; ${error.hint}` : '';
      throw new InvalidArgumentError(`${messageOf(error)}${hint}.`);
    }
  });
}
