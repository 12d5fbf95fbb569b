import type { PlanRow } from './plan-rows.ts';

/** Components right below their host, in their order; where nothing becomes of the host it heads them with its name alone. */
export function belowTheirHosts(rows: readonly PlanRow[]): PlanRow[] {
  const hosts = new Map<string, PlanRow[]>();
  for (const row of rows) if (row.host !== undefined) hosts.set(row.host, [...(hosts.get(row.host) ?? []), row]);
  const placed = new Set<string>();
  return rows.flatMap((row) => {
    if (row.host === undefined) return [row];
    if (placed.has(row.host)) return [];
    placed.add(row.host);
    const group = hosts.get(row.host) ?? [];
    const itself = group.find(({ name }) => name === row.host);
    const components = group.filter((other) => other !== itself).map((component) => ({ ...component, depth: 1 }));
    return [itself ?? heading(row.host), ...components];
  });
}

function heading(name: string): PlanRow {
  return { mark: '', name, kind: '', what: '', details: '', place: '', change: null, depth: 0 };
}
