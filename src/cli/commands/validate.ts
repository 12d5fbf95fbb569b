import { createHash } from 'node:crypto';
import { relative, resolve } from 'node:path';
import { type Diagnostic, isError } from '../../model/diagnostic.ts';
import { exitCode } from '../../model/exit-code.ts';
import { githubAnnotations, gitlabReport } from '../../render/annotations.ts';
import type { Call, Definition, OptionSpec } from '../command.ts';
import { printDiagnostics } from '../failure.ts';
import { print, printJson } from '../output.ts';

const formats = ['text', 'json', 'github', 'gitlab'] as const;
type Format = (typeof formats)[number];

const format: OptionSpec = {
  flags: '-o, --output <FORMAT>',
  doc: 'how to print it; `github`: annotations of a workflow, `gitlab`: a report of code quality',
  choices: formats,
};

export const validate: Definition<{ output?: Format }> = {
  name: 'validate',
  operands: '[FILE...]',
  summary: 'check config files; no daemon needed',
  details: 'Several files are merged, later ones over earlier ones, as with `up -c A -c B`. Without FILE: the one that `up` would find.',
  options: [format],
  examples: ['muster validate', 'muster validate muster.yaml -o json', 'muster validate -o github'],
  async run(call) {
    const { validateFiles } = await import('../../offline/main.ts');
    const files = call.args.map((file) => resolve(call.io.cwd, file));
    const { diagnostics, files: found, modules, source } = await validateFiles(files, call.io);
    const valid = !diagnostics.some(isError);
    const shown = found.map((file) => shortest(file, call.io.cwd)).join(', ');
    const what = source === undefined ? `${modules} module${modules === 1 ? '' : 's'}` : `its modules come from ${source}`;
    show(call, { valid, diagnostics, files: found, summary: `${shown}: valid, ${what}` });
    return valid ? exitCode.ok : exitCode.error;
  },
};

interface Outcome {
  valid: boolean;
  diagnostics: readonly Diagnostic[];
  files: readonly string[];
  /** Where it is valid. */
  summary: string;
}

function show(call: Call<{ output?: Format }>, { valid, diagnostics, files, summary }: Outcome): void {
  const { env, cwd } = call.io;
  const format = call.options.output ?? (call.globals.json === true ? 'json' : 'text');
  if (format === 'json') printJson(call, { valid, diagnostics });
  if (format === 'gitlab') printJson(call, gitlabReport(diagnostics, inRepository(env.CI_PROJECT_DIR || cwd, files), sha256));
  if (format === 'github') call.io.out(githubAnnotations(diagnostics, inRepository(env.GITHUB_WORKSPACE || cwd, files)));
  if (format === 'text') printDiagnostics(diagnostics, call.io, call.errStyle);
  if (valid && (format === 'text' || format === 'github')) print(call, summary);
}

/** Relative to the root of the checkout; what has no place is told of the first file. */
function inRepository(root: string, [first = '']: readonly string[]): (file: string) => string {
  return (file) => {
    const path = relative(root, file === '' ? first : file);
    return path.startsWith('..') ? file : path;
  };
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

function shortest(file: string, cwd: string): string {
  const path = relative(cwd, file);
  return path !== '' && path.length < file.length ? path : file;
}
