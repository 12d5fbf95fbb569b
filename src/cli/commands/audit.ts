import { dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { AuditLine } from '../../model/audit.ts';
import { MusterError } from '../../model/error.ts';
import { auditText } from '../../render/audit.ts';
import { auditFilesIn } from '../audit-files.ts';
import type { Call, Definition } from '../command.ts';
import { duration, wholeNumber } from '../options.ts';
import { printJsonLine } from '../output.ts';
import { which, whichFlags } from '../which.ts';

const defaultLines = 100;
const pollMs = 500;

export const audit: Definition<{ follow?: boolean; lines?: number; since?: number }> = {
  name: 'audit',
  summary: 'show who changed what, when and why, and what was refused',
  details: 'It is read from the state dir, so no daemon need run. Beside the names that were said stands the user, as the kernel knows it.',
  options: [
    { flags: '-f, --follow', doc: 'go on as more is written' },
    { flags: '-n, --lines <N>', doc: 'only the last N (default: 100, or all with --since)', parse: wholeNumber },
    { flags: '--since <DURATION>', doc: 'only what is younger', parse: duration },
  ],
  examples: ['muster audit', 'muster audit --since 24h', "muster audit --json | jq 'select(.exitCode != 0)'"],
  async run(call) {
    const { follow = false, since, lines = since === undefined ? defaultLines : Number.POSITIVE_INFINITY } = call.options;
    const stateDir = stateDirOf(call);
    const files = auditFilesIn(stateDir);
    const after = since === undefined ? '' : new Date(Date.now() - since).toISOString();
    const found = await files.read(lines);
    if (!files.exists) {
      const hint = `a daemon writes it from its start on: ${call.io.self}${whichFlags(call.globals, call.io)} up -d -c FILE`;
      throw new MusterError('ENOENT', `there is no audit log in ${stateDir}`, { hint });
    }
    await show(
      call,
      found.filter(({ at }) => at >= after),
    );
    if (files.damaged > 0) call.io.err(`muster: ${files.damaged} lines of the audit log are not whole and are left out\n`);
    while (follow) {
      await pause(pollMs);
      await show(call, await files.read());
    }
    return 0;
  },
};

/** A daemon that is named by its socket has that in its state dir. */
function stateDirOf({ globals, io }: Call): string {
  const { stateDir, socket } = which(globals, io);
  return globals.socket !== undefined && globals.stateDir === undefined ? dirname(socket) : stateDir;
}

async function show(call: Call, lines: readonly AuditLine[]): Promise<void> {
  for (const line of lines) {
    if (call.globals.json === true) printJsonLine(call, line);
    else call.io.out(`${auditText(line, call.style)}\n`);
    await call.io.room();
  }
}
