import { markdownTable } from '../../src/docs/markdown-table.ts';
import { shapeNames, shapes } from './instances.ts';
import { type Counts, type Fault, faults } from './measure.ts';
import type { Setup } from './setups.ts';

export type Measured = Pick<Setup, 'text'> & { readonly results: Record<Fault, Counts> };

/** A row for each program and way to hold it, a column for each fault. */
export function survivorTable(measured: readonly Measured[]): string {
  const columns = Object.keys(faults) as Fault[];
  const head = ['program', 'held by', ...columns.map((fault) => faults[fault].text)];
  const rows = shapeNames.flatMap((shape) =>
    measured.map(({ text, results }) => [shapes[shape].text, text, ...columns.map((fault) => String(results[fault][shape]))]),
  );
  return markdownTable([head, ...rows]);
}
