import type { Driver, Launch, Launched, LaunchHooks } from '../model/driver.ts';
import { MusterError } from '../model/error.ts';
import type { CodeSpec, CommandSpec, PackageSpec, Spec } from '../model/fields/table.ts';
import type { PackageProgram } from '../model/package.ts';
import type { Clock } from '../model/ports.ts';
import { tellLost } from './lost.ts';
import { boundMemory } from './memory.ts';
import type { Wired } from './wire/program.ts';

export interface PackageDriverOptions {
  /** Runs a program as a command is run. */
  readonly command: Driver;
  /** Runs a module that is written for muster. */
  readonly code: Driver;
  readonly clock: Clock;
  /** The messages of programs. */
  readonly wired: Wired;
}

/** Runs `package:` modules: a program with all that it starts, or, if it exports `main(ctx, args)`, code in a process of its own. */
export function createPackageDriver(options: PackageDriverOptions): Driver {
  return {
    start(launch, hooks) {
      const { program } = launch;
      if (program === undefined) throw new Error(`the package of ${launch.name} was not looked up`);
      return program.module ? startCode(launch, hooks, program, options) : startProgram(launch, hooks, program, options);
    },
    inherit(launch, data, hooks) {
      const { program } = launch;
      if (program === undefined) throw new Error(`the package of ${launch.name} was not looked up`);
      const { code, wired } = options;
      if (program.module) {
        return startCode(launch, hooks, program, { ...options, code: { start: (as, heard) => inherited(code, as, data, heard) } });
      }
      return asProgram(launch, hooks, program, options, (as, heard) => wired.inherit(as, data, heard, program, options.command));
    },
  };
}

function inherited({ inherit }: Driver, launch: Launch, data: unknown, hooks: LaunchHooks): Launched {
  if (inherit === undefined) throw new Error(`${launch.name} cannot be taken over`);
  return inherit(launch, data, hooks);
}

function startProgram(launch: Launch, hooks: LaunchHooks, program: PackageProgram, options: PackageDriverOptions): Launched {
  return asProgram(launch, hooks, program, options, (as, heard) => options.wired.start(as, heard, program, options.command));
}

function asProgram(
  launch: Launch,
  hooks: LaunchHooks,
  program: PackageProgram,
  { clock }: PackageDriverOptions,
  start: Driver['start'],
): Launched {
  const asCommand = (spec: Spec): CommandSpec => commandOf(spec as PackageSpec, program);
  const launched = tellLost(
    start({ ...launch, kind: 'command', spec: asCommand(launch.spec) }, hooks),
    program,
    launch.spec as PackageSpec,
  );
  const config = (): Promise<never> => Promise.reject(new MusterError('EINVAL', `${launch.name} takes its config at its start`));
  const adapted: Launched = { ...launched, update: (spec) => launched.update(asCommand(spec)), reconfigure: config };
  return program.maxMemory === null ? adapted : boundMemory(adapted, hooks, program.maxMemory, clock);
}

/** What a program needs to be run as a command. It dies with the daemon, which hears it. */
function commandOf(spec: PackageSpec, { interpreter, script, cwd }: PackageProgram): CommandSpec {
  const { package: _, app, config, settings, allowScripts, ...shared } = spec;
  return {
    ...shared,
    command: [...interpreter, script],
    cwd,
    arg0: undefined,
    reloadSignal: undefined,
    onDaemonDeath: 'kill',
    oneshot: false,
  };
}

function startCode(launch: Launch, hooks: LaunchHooks, { script }: PackageProgram, { code }: PackageDriverOptions): Launched {
  const asCode = (spec: Spec): CodeSpec => codeOf(spec as PackageSpec, script);
  const launched = code.start({ ...launch, kind: 'code', spec: asCode(launch.spec) }, hooks);
  return { ...launched, update: (spec) => launched.update(asCode(spec)) };
}

function codeOf(spec: PackageSpec, module: string): CodeSpec {
  const { package: _, app, allowScripts, stopSignal, ready, waitFor, health, exitStatus, log, ...shared } = spec;
  return { ...shared, module, isolation: 'process', runner: 'main', threadGroup: undefined, maxHeap: undefined, control: 'none' };
}
