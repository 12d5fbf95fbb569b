// Measures what the design promises, as ratios in one run: `npm run bench [-- NAME...] [-- --quick]`.
// Ends with exit code 1 if a bound is missed. Each NAME is part of a row's name.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { capacity } from './rows/capacity.mjs';
import { client } from './rows/client.mjs';
import { commands } from './rows/commands.mjs';
import { gateway } from './rows/gateway.mjs';
import { hosts } from './rows/hosts.mjs';
import { journal } from './rows/journal.mjs';
import { loads } from './rows/loads.mjs';
import { memory } from './rows/memory.mjs';
import { messages } from './rows/messages.mjs';
import { output } from './rows/output.mjs';
import { ping } from './rows/ping.mjs';
import { planning } from './rows/planning.mjs';
import { reload } from './rows/reload.mjs';
import { printTable } from './support/table.mjs';

const args = process.argv.slice(2);
const quick = args.includes('--quick');
const wanted = args.filter((arg) => !arg.startsWith('--'));
const suites = [planning, journal, ping, client, reload, hosts, loads, messages, capacity, commands, output, gateway, memory];
const chosen = suites.filter(({ rows }) => wanted.length === 0 || rows.some(isWanted));
if (chosen.length === 0) {
  console.error(`no such row; there are:\n  ${suites.flatMap(({ rows }) => rows).join('\n  ')}`);
  process.exit(1);
}

const dir = await mkdtemp(join(tmpdir(), 'muster-bench-'));
const results = [];
try {
  for (const suite of chosen) {
    const rows = suite.rows.filter((row) => wanted.length === 0 || isWanted(row));
    console.error(`measuring: ${rows.join('; ')}`);
    results.push(...(await suite.measure({ dir, quick, wants: (row) => rows.includes(row) })));
  }
} finally {
  await rm(dir, { recursive: true, force: true });
}
printTable(results);
process.exitCode = results.every(({ ok }) => ok) ? 0 : 1;

function isWanted(row) {
  return wanted.some((part) => row.includes(part));
}
