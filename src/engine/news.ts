import { isError } from '../model/diagnostic.ts';
import { MusterError, messageOf } from '../model/error.ts';
import { exitCodeOf } from '../model/exit-code.ts';
import { guardText } from '../model/guard-text.ts';
import type { RunNews } from '../model/notify.ts';
import type { Result } from '../model/plan.ts';
import type { EngineContext } from './context.ts';

type Asked = Pick<RunNews, 'whole' | 'trigger' | 'by' | 'reason'>;

/** Tells of a run, or of a command that changed something. */
export function tellResult(asked: Asked, result: Result, { ports }: EngineContext): void {
  const { outcome, exitCode, planId, summary } = result;
  ports.tell?.({
    type: 'run',
    at: ports.clock.now(),
    ...asked,
    outcome: outcome === 'changes' ? 'noChanges' : outcome,
    exitCode,
    planId,
    summary,
    changes: result.changes.map(({ name, action, status, error }) => ({ name, action, status, error: error?.message ?? null })),
    errors: [
      ...result.guards.filter(({ ok }) => !ok).map((guard) => guardText(guard)),
      ...result.diagnostics
        .filter(isError)
        .map(({ file, line, column, message }) => (file === '' ? message : `${file}:${line}:${column} ${message}`)),
    ],
  });
}

/** Tells of a run that came to nothing before anything was changed. */
export function tellError(asked: Asked, error: unknown, { ports }: EngineContext): void {
  const found = error instanceof MusterError ? (error.diagnostics ?? []).filter(isError) : [];
  const places = found.map(({ file, line, column, message }) => `${file}:${line}:${column} ${message}`);
  ports.tell?.({
    type: 'run',
    at: ports.clock.now(),
    ...asked,
    ...{ outcome: 'error', exitCode: exitCodeOf(error as { code?: unknown }), planId: null, summary: null, changes: [] },
    errors: [messageOf(error), ...places],
  });
}
