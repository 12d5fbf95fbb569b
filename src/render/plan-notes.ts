import type { Diagnostic } from '../model/diagnostic.ts';
import { guardText } from '../model/guard-text.ts';
import { placeText } from '../model/place.ts';
import type { Plan, Result } from '../model/plan.ts';

interface Note {
  level: 'error' | 'warning';
  text: string;
}

/** What is to be said below the rows: diagnostics, and the guards that refuse. */
export function planNotes(doc: Plan | Result): Note[] {
  const main = doc.config.files[0]?.path;
  const command = doc.rollbackOf === undefined ? 'reconcile' : 'rollback';
  return [
    ...doc.diagnostics.map((diagnostic): Note => ({ level: diagnostic.severity, text: diagnosticText(diagnostic, main) })),
    ...doc.guards.filter((guard) => !guard.ok).map((guard): Note => ({ level: 'error', text: `refused: ${guardText(guard, command)}` })),
  ];
}

function diagnosticText({ severity, message, hint, ...place }: Diagnostic, main: string | undefined): string {
  const where = place.file === '' ? '' : `${placeText(place, main)}: `;
  return `${where}${severity}: ${message}${hint === undefined ? '' : ` (${hint})`}`;
}
