import type { ConfigOutcome, ConfigSet } from '../../model/config-set.ts';
import type { Diagnostic, Severity } from '../../model/diagnostic.ts';
import type { SourceDoc } from '../../model/source.ts';

/** What is wrong with a source whose last good files are used, as a warning of each run; empty: nothing. */
export function troubleOf(host: ConfigSet, { problem, revision }: SourceDoc): readonly Diagnostic[] {
  if (problem === null) return [];
  const goesOn = revision === null ? 'nothing was fetched yet' : `${revision.slice(0, 12)} goes on`;
  return [finding(host, 'warning', `${problem.message}; ${goesOn}`, problem.code)];
}

/** There are no files to go by. */
export function notFetched(host: ConfigSet, doc: SourceDoc | null): ConfigOutcome {
  const why = doc === null ? 'a dry run fetches nothing' : (doc.problem?.message ?? 'nothing was fetched yet');
  const code = doc?.problem?.code ?? 'notFetched';
  const whole = code === 'damaged' ? 'whole ' : '';
  return {
    ok: false,
    diagnostics: [finding(host, 'error', `the config comes from a repository of which there is nothing ${whole}here: ${why}`, code)],
    files: host.files.map(({ path }) => path),
    watch: host.watch,
  };
}

/** What the host's own file names by now, and nobody has asked for. */
export function elsewhere(host: ConfigSet): Diagnostic {
  return finding(host, 'warning', 'another repository, or ref, is named here than the one in use; muster reload fetches it', 'changed');
}

export function withNote(outcome: ConfigOutcome, note: Diagnostic): ConfigOutcome {
  if (!outcome.ok) return { ...outcome, diagnostics: [...outcome.diagnostics, note] };
  return { ok: true, config: Object.freeze({ ...outcome.config, warnings: [...outcome.config.warnings, note] }) };
}

/** At the key `source` of the host's own file. */
function finding(host: ConfigSet, severity: Severity, message: string, problem: string): Diagnostic {
  const code = `source${problem.charAt(0).toUpperCase()}${problem.slice(1)}`;
  for (const { path, text } of host.files) {
    const line = text.split('\n').findIndex((each) => /^["']?source["']?\s*:/.test(each)) + 1;
    if (line > 0) return { severity, code, message, file: path, line, column: 1, endLine: line, endColumn: 'source'.length + 1 };
  }
  return { severity, code, message, file: host.files[0]?.path ?? '', line: 1, column: 1, endLine: 1, endColumn: 1 };
}
