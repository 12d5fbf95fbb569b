import type { ListDoc, ModuleView } from '../model/documents.ts';
import { belowTheirServices } from '../model/module-order.ts';
import { waitsFor } from '../model/waits-for.ts';
import { ageText } from './ages.ts';
import { columns } from './columns.ts';
import { plainStyle, type Style } from './style.ts';

const head = ['Module', 'Size', 'Digest', 'Idle', 'S', 'For', 'Service', 'Why'];
const longHead = ['Kind', 'PID', 'Restarts', 'Queued', 'Origin', 'Path'];
/** Only where there are packages. */
const packageHead = ['Version', 'Node', 'Package'];
const numbers = new Set(['Size', 'Idle', 'For', 'PID', 'Restarts', 'Queued']);

export interface ListOptions {
  long: boolean;
  /** ms since the epoch. */
  now: number;
  /** Names of what a service loaded are indented, for people; else a name begins its line. */
  indent?: boolean;
}

/**
 * The table of `list` (CONTRACT §5): sorted by name, what a service loaded right below it, names never cut, the header also
 * where nothing is loaded.
 */
export function listText(document: ListDoc, { long, now, indent = false }: ListOptions, style: Style = plainStyle): string {
  // Why is last, for it may be long and is not padded then.
  const packages = document.modules.some((module) => module.package !== undefined);
  const titles = long ? [...head.slice(0, -1), ...longHead, ...(packages ? packageHead : []), 'Why'] : head;
  const modules = belowTheirServices(document.modules);
  const rows = modules.map(({ module, depth }) => {
    const [name = '', ...cells] = long ? longRow(module, now, packages) : row(module, now);
    return [`${indent ? '  '.repeat(depth) : ''}${name}`, ...cells];
  });
  const right = new Set(titles.flatMap((title, index) => (numbers.has(title) ? [index] : [])));
  const [first = '', ...rest] = columns([titles, ...rows], right);
  const lines = rest.map((line, index) => colour(modules[index]?.module, style)(line));
  return `${[style.bold(first), ...lines].join('\n')}\n`;
}

function row(module: ModuleView, now: number): string[] {
  return [
    module.name,
    module.size === null ? '-' : String(module.size),
    module.digest?.slice(-7) ?? '-',
    String(module.idle),
    letter(module),
    ageText(module.since, now),
    module.services.join(',') || '-',
    why(module),
  ];
}

function longRow(module: ModuleView, now: number, packages: boolean): string[] {
  const cells = row(module, now);
  const more = [
    module.kind,
    module.pid === null ? '-' : String(module.pid),
    String(module.restarts),
    String(module.queued),
    module.origin,
    module.path,
    ...(packages ? [module.version ?? '-', module.node ?? '-', module.package ?? '-'] : []),
  ];
  return [...cells.slice(0, -1), ...more, cells.at(-1) ?? ''];
}

/** The state; X for one that ended as it should not. */
export function letter({ state, failed }: Pick<ModuleView, 'state' | 'failed'>): string {
  return failed && state === 'E' ? 'X' : state;
}

type WhyOf = Pick<ModuleView, 'state' | 'failed' | 'status' | 'lastExit' | 'held' | 'waitingFor' | 'stale'>;

/** The status message or the last error, on one line. */
export function why({ state, failed, status, lastExit, held, waitingFor, stale }: WhyOf): string {
  const parts: string[] = [];
  if (status.message !== '') parts.push(status.message);
  else if ((failed || state === 'B' || state === 'E') && lastExit !== null) parts.push(lastExit.error ?? lastExit.reason);
  if (held !== null) parts.push(`held: ${held.reason}`);
  if (waitingFor.length > 0 && !status.message.startsWith(waitsFor(waitingFor))) parts.push(waitsFor(waitingFor));
  if (stale) parts.push('stale: the executable changed');
  return parts.join('; ').replace(/\s+/g, ' ').trim();
}

function colour(module: ModuleView | undefined, style: Style): (text: string) => string {
  if (module === undefined) return style.dim;
  if (module.failed) return style.error;
  return module.state === 'B' || !module.healthy ? style.warning : (text) => text;
}
