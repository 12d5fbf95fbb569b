import type { LogRecord } from '../../model/documents.ts';
import { isGlob } from '../../model/glob.ts';
import { logPrinter } from '../../render/logs.ts';
import type { Definition } from '../command.ts';
import { duration, wholeNumber } from '../options.ts';
import { printJsonLine } from '../output.ts';
import { createOverlap } from '../overlap.ts';
import { ask } from '../remote.ts';
import { makePalette } from '../style.ts';

export const logs: Definition<{ follow?: boolean; lines?: number; since?: number }> = {
  name: 'logs',
  operands: '<NAME...>',
  summary: 'show the output of modules',
  options: [
    { flags: '-f, --follow', doc: 'go on as more comes' },
    { flags: '-n, --lines <N>', doc: 'only the last N lines of each', parse: wholeNumber },
    { flags: '--since <DURATION>', doc: 'only what is younger', parse: duration },
  ],
  examples: ['muster logs -f web', 'muster logs -n 20 web cache', 'muster logs --since 1h web'],
  async run(call) {
    const { follow, lines, since } = call.options;
    const names = [...call.args];
    const several = names.length > 1 || names.some(isGlob);
    const text = logPrinter(several ? makePalette(call.colours) : null, call.style);
    const show = (part: unknown): void => {
      for (const record of Array.isArray(part) ? (part as LogRecord[]) : []) {
        if (call.globals.json === true) printJsonLine(call, record);
        else call.io.out(text(record));
      }
    };
    const payload = {
      names,
      ...(follow === undefined ? {} : { follow }),
      ...(lines === undefined ? {} : { lines }),
      ...(since === undefined ? {} : { since }),
    };
    const overlap = createOverlap(Date.now);
    const news = (part: unknown): void => show(overlap.fresh(part as LogRecord[]));
    news(await ask(call, 'logs', payload, news, () => ({ names, follow: true, since: overlap.again() })));
    return 0;
  },
};
