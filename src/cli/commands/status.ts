import { MusterError } from '../../model/error.ts';
import { exitCode } from '../../model/exit-code.ts';
import { statusText } from '../../render/status.ts';
import type { Definition } from '../command.ts';
import { sourcesOf } from '../failure.ts';
import { duration } from '../options.ts';
import { print, printJson } from '../output.ts';
import { ask } from '../remote.ts';

type Goal = 'synced' | 'healthy';

export const status: Definition<{ wait?: Goal[]; timeout?: number; check?: boolean }> = {
  name: 'status',
  summary: 'show the daemon, its config, and whether all is as the config says',
  options: [
    { flags: '--wait <GOALS>', doc: 'wait for `synced`, `healthy` or both, separated by a comma (exit 10 if not in time)', parse: goals },
    { flags: '--timeout <DURATION>', doc: 'how long --wait waits (default: 60s)', parse: duration },
    { flags: '--check', doc: 'exit 10 if it is not synced and healthy' },
  ],
  examples: ['muster status', 'muster status --wait synced,healthy --timeout 60s'],
  async run(call) {
    const { wait, timeout, check } = call.options;
    const payload = { ...(wait === undefined ? {} : { wait }), ...(timeout === undefined ? {} : { timeout }) };
    const { waited, ...document } = await ask(call, 'status', payload);
    if (call.globals.json === true) printJson(call, document);
    else {
      const sources = call.io.outTerminal ? sourcesOf(document.config.diagnostics) : undefined;
      print(call, statusText(document, { now: Date.now(), sources }, call.style));
    }
    const reached = wait?.every((goal) => document[goal]) ?? true;
    if (waited === false || !reached) return exitCode.unhealthy;
    return check === true && !(document.synced && document.healthy) ? exitCode.unhealthy : exitCode.ok;
  },
};

function goals(text: string): Goal[] {
  return text.split(',').map((word) => {
    if (word === 'synced' || word === 'healthy') return word;
    throw new MusterError('EINVAL', `"${word}" is neither synced nor healthy`);
  });
}
