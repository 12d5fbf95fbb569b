import * as z from 'zod/mini';
import { isPackageSpec } from '../package-spec.ts';
import { formatSize } from '../units.ts';
import { cgroupFields } from './cgroup.ts';
import { common, restart, settings } from './common.ts';
import { identityFields } from './identity.ts';
import { argument, count, field, flag } from './kit.ts';
import { logSettings } from './log.ts';
import { health, ready, showProbe, waitFor } from './probes.ts';

/** Those of Linux; a program must be able to catch it, but who wants SIGKILL may have it. */
const signalName =
  /^SIG(?:HUP|INT|QUIT|ILL|TRAP|ABRT|IOT|BUS|FPE|KILL|USR1|SEGV|USR2|PIPE|ALRM|TERM|STKFLT|CHLD|CONT|STOP|TSTP|TTIN|TTOU|URG|XCPU|XFSZ|VTALRM|PROF|WINCH|IO|POLL|PWR|SYS|RTM(?:IN(?:\+(?:\d|[12]\d|30))?|AX(?:-(?:\d|[12]\d|30))?))$/;

const signal = z.string().check(z.regex(signalName, { error: 'expected a signal name such as SIGTERM' }));
const anything = z.record(z.string(), z.unknown());

/** Of a process of this system. */
const exitCode = count().check(z.refine((code) => (code as number) <= 255, { error: 'expected an exit code from 0 to 255' }));

/** Fields of `command:` entries: OS processes. */
export const commandFields = {
  command: field({
    schema: z.array(argument).check(
      z.minLength(1),
      z.refine(([program]) => program !== '', { error: 'the program must not be empty', path: [0] }),
    ),
    change: 'reload',
    applies: 'keeper',
    doc: 'The program and its arguments, run without a shell.',
  }),
  arg0: field({ schema: z.optional(z.string()), change: 'reload', applies: 'keeper', doc: 'What the program sees as its own name.' }),
  cwd: field({
    schema: z.string().check(z.minLength(1, { error: 'the working folder must not be empty' })),
    change: 'reload',
    applies: 'keeper',
    doc: 'Working folder; without it the folder of the first config file.',
  }),
  stopSignal: field({
    schema: z._default(signal, 'SIGTERM'),
    change: 'live',
    applies: 'keeper',
    doc: 'The signal that asks the program to stop.',
  }),
  waitFor: field({
    schema: z.optional(waitFor),
    change: 'live',
    applies: 'instances',
    doc: 'What to wait for before the launch: `file`, `tcp`, `http`, `command` or `delay`, and `timeout`.',
    show: showProbe,
  }),
  ready: field({
    schema: z._default(ready, { alive: 250 }),
    change: 'live',
    applies: 'instances',
    doc: 'When the program counts as running: `alive` for this long, or a test that passes: `tcp`, `http`, `log`, `file`, `fd`, `notify`. Its `timeout` stands for `startTimeout`.',
    show: showProbe,
  }),
  health: field({
    schema: z.optional(health),
    change: 'live',
    applies: 'instances',
    doc: 'A test repeated while it runs: `tcp`, `http`, `command`, or `watchdog`: the program itself says that it is well.',
    show: showProbe,
  }),
  reloadSignal: field({
    schema: z.optional(signal),
    change: 'live',
    applies: 'instances',
    doc: 'Sent to the program, instead of a reload, when only the content of `files` changed.',
  }),
  oneshot: field({
    schema: z._default(flag, false),
    change: 'reload',
    applies: 'instances',
    doc: 'Done, and in order, when it exits with success; not run again until it changes or is asked for. `restart.policy` is `never` then unless it says `onFailure`.',
  }),
  exitStatus: field({
    schema: z.prefault(z.strictObject({ success: z._default(z.array(exitCode), [0]), noRestart: z._default(z.array(exitCode), []) }), {}),
    change: 'live',
    applies: 'instances',
    doc: 'Exit codes that count as success, and those after which it is not restarted.',
  }),
  log: field({
    schema: z.prefault(logSettings, {}),
    change: 'live',
    applies: 'keeper',
    doc: 'What becomes of the output.',
    show: (value: { maxSize: number; keep: number }) => JSON.stringify({ ...value, maxSize: formatSize(value.maxSize) }),
  }),
  onDaemonDeath: field({
    schema: z._default(z.enum(['kill', 'keep']), 'kill'),
    change: 'live',
    applies: 'keeper',
    doc: 'What becomes of the process when the daemon dies: `keep` leaves it to the next one.',
  }),
  ...cgroupFields,
  restart: restart('always'),
  ...common,
  ...identityFields,
};

const { waitFor: waitForField, health: healthField, exitStatus, log } = commandFields;

/** Fields of `package:` entries: npm packages. */
export const packageFields = {
  package: field({
    schema: z.string().check(z.refine(isPackageSpec, { error: 'expected what npm takes as a package, such as name@range' })),
    change: 'reload',
    applies: 'resolve',
    doc: 'An npm package: any spec that npm takes, as `name@range`, a folder, an archive or a git URL. A folder runs where it is.',
  }),
  app: field({
    schema: z.optional(z.string()),
    change: 'reload',
    applies: 'resolve',
    doc: 'Which entry of `apps` in its package.json runs; without it all of them, where there are several as modules `NAME.ENTRY`.',
  }),
  config: field({
    schema: z._default(anything, {}),
    change: 'reconfigure',
    applies: 'runners',
    doc: "Over the package's own defaults. It gets each key as a variable, and all of it as JSON in a variable with the name of the package.",
  }),
  allowScripts: field({
    schema: z._default(flag, false),
    change: 'reload',
    applies: 'resolve',
    doc: 'Run its install scripts, and those of what it depends on.',
  }),
  stopSignal: field({
    schema: z._default(signal, 'SIGINT'),
    change: 'live',
    applies: 'keeper',
    doc: 'The signal that asks the package to stop.',
  }),
  ready: field({
    schema: z._default(ready, { alive: 1000 }),
    change: 'live',
    applies: 'instances',
    doc: 'When the package counts as running, as with commands. A new version that does not get there gives way to the one before.',
    show: showProbe,
  }),
  waitFor: waitForField,
  health: healthField,
  exitStatus,
  log,
  ...cgroupFields,
  restart: restart('onFailure'),
  settings,
  byPackage: field({
    schema: z.optional(z.array(z.enum(['args', 'stopTimeout', 'restart']))),
    change: 'ignored',
    applies: 'resolve',
    derived: true,
    doc: 'Fields that have their values from package.json.',
  }),
  ...common,
  ...identityFields,
};
