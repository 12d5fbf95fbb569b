import { relative, resolve } from 'node:path';
import { isError } from '../../model/diagnostic.ts';
import { exitCode } from '../../model/exit-code.ts';
import type { Definition } from '../command.ts';
import { printDiagnostics } from '../failure.ts';
import { formatOf, print, printJson, textOrJson } from '../output.ts';

export const validate: Definition<{ output?: 'text' | 'json' }> = {
  name: 'validate',
  operands: '[FILE...]',
  summary: 'check config files; no daemon needed',
  details: 'Several files are merged, later ones over earlier ones, as with `up -c A -c B`. Without FILE: the one that `up` would find.',
  options: [textOrJson],
  examples: ['muster validate', 'muster validate muster.yaml -o json'],
  async run(call) {
    const { validateFiles } = await import('../../offline/main.ts');
    const files = call.args.map((file) => resolve(call.io.cwd, file));
    const outcome = await validateFiles(files, call.io);
    const valid = !outcome.diagnostics.some(isError);
    if (formatOf(call) === 'json') printJson(call, { valid, diagnostics: outcome.diagnostics });
    else {
      printDiagnostics(outcome.diagnostics, call.io, call.errStyle);
      const shown = outcome.files.map((file) => shortest(file, call.io.cwd)).join(', ');
      if (valid) print(call, `${shown}: valid, ${outcome.modules} module${outcome.modules === 1 ? '' : 's'}`);
    }
    return valid ? exitCode.ok : exitCode.error;
  },
};

function shortest(file: string, cwd: string): string {
  const path = relative(cwd, file);
  return path !== '' && path.length < file.length ? path : file;
}
