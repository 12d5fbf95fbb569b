import type { Diagnostic } from '../model/diagnostic.ts';

/** How the file of a finding is called where it is shown: relative to the repository. */
export type Named = (file: string) => string;

/** Findings as commands of a GitHub workflow: they become annotations at their lines. One line each. */
export function githubAnnotations(diagnostics: readonly Diagnostic[], named: Named): string {
  return diagnostics.map((diagnostic) => `${githubAnnotation(diagnostic, named)}\n`).join('');
}

function githubAnnotation({ severity, code, message, hint, file, line, column, endLine, endColumn }: Diagnostic, named: Named): string {
  const place = file === '' ? {} : { file: named(file), line, endLine, col: column, endColumn };
  const properties = Object.entries({ ...place, title: code }).map(([name, value]) => `${name}=${property(String(value))}`);
  return `::${severity} ${properties.join(',')}::${data(hint === undefined ? message : `${message}\n${hint}`)}`;
}

const data = (text: string): string => text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
const property = (text: string): string => data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');

interface GitlabFinding {
  description: string;
  check_name: string;
  fingerprint: string;
  severity: 'critical' | 'minor';
  location: { path: string; lines: { begin: number; end: number } };
}

/** Findings as a GitLab report of code quality. `hash` tells them apart; the place is part of what it is made of. */
export function gitlabReport(diagnostics: readonly Diagnostic[], named: Named, hash: (text: string) => string): GitlabFinding[] {
  return diagnostics.map(({ severity, code, message, hint, file, line, column, endLine }) => {
    const path = named(file);
    return {
      description: hint === undefined ? message : `${message} (${hint})`,
      check_name: code,
      fingerprint: hash([path, line, column, code, message].join('\0')),
      severity: severity === 'error' ? 'critical' : 'minor',
      location: { path, lines: { begin: Math.max(1, line), end: Math.max(1, line, endLine) } },
    };
  });
}
