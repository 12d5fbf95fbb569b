import { identityFields } from '../model/fields/identity.ts';
import type { CodeSpec, Kind, Spec } from '../model/fields/table.ts';
import { nameProblem, serviceOfName } from '../model/name.ts';
import type { Findings } from './findings.ts';
import type { Dict, Located } from './node.ts';

/** The service that is to load the module: the one it names, else the one that its own name says; null: none. */
export function serviceFor(name: string, said: unknown): string | null {
  if (typeof said === 'string') return said === 'none' ? null : said;
  return nameProblem(name) === null ? serviceOfName(name) : null;
}

export interface Placed {
  readonly name: string;
  readonly key: Located;
  readonly kind: Kind;
  /** The entry itself, without defaults. */
  readonly own: Dict;
  readonly raw: Readonly<Record<string, unknown>>;
  readonly findings: Findings;
}

const ofProcesses = ['containment', 'cgroup', ...Object.keys(identityFields)];

/**
 * Fields that say where a module runs and do not fit each other. Only what the entry says itself is judged: defaults are
 * taken where they make sense.
 */
export function checkPlacement({ name, key, kind, own, raw, findings }: Placed): void {
  const service = serviceFor(name, raw.service);
  const refuse = (field: string, message: string, hint: string): void => {
    const pair = own.fields.get(field);
    const says = raw[field] !== undefined && raw[field] !== null && raw[field] !== false;
    if (pair !== undefined && says) findings.error(pair.key, 'misplacedField', message, hint);
  };
  if (kind !== 'code' && service !== null) {
    const message = `${name}: no service can load a ${kind}, and ${service} is said to load this one`;
    const hint = raw.host === undefined ? 'say service: none, or use a name without periods' : 'say service: none';
    findings.error(own.fields.get('service')?.key ?? key, 'hostedCommand', message, hint);
  }
  if (kind !== 'code') return;
  if (service !== null) {
    for (const field of ['isolation', 'threadGroup', 'runner', 'maxHeap', ...ofProcesses]) {
      refuse(field, `${field}: ${name} runs where the service ${service} runs, which loads it`, `say it of ${service}, or service: none`);
    }
    return;
  }
  const isolation = raw.isolation ?? 'thread';
  if (isolation !== 'shared')
    refuse('threadGroup', 'threadGroup is for modules with isolation: shared', 'add isolation: shared, or remove it');
  if (isolation === 'process') refuse('runner', 'with isolation: process the module has a runner of its own', 'remove it');
  else {
    for (const field of ofProcesses) {
      refuse(field, `${field} is of a process, and the module is a thread of one that others are in`, 'use isolation: process');
    }
  }
  if (isolation === 'shared') {
    refuse('maxHeap', 'a shared thread has one heap for all modules in it, so that none of them can have a limit', 'use isolation: thread');
  }
}

/** Without the fields that say nothing where the module runs. `service` is there only where a service loads it. */
export function placed(name: string, spec: Spec): Spec {
  const { service: said, ...rest } = spec;
  const service = serviceFor(name, said);
  if (!('isolation' in rest)) return (service === null ? rest : { ...rest, service }) as Spec;
  const { threadGroup, maxHeap, containment, cgroup, ...code } = rest as Omit<CodeSpec, 'service'>;
  if (service !== null) return { ...asItsRunner(code), isolation: 'thread', runner: 'main', service } as Spec;
  const group = code.isolation === 'shared' && threadGroup !== undefined ? { threadGroup } : {};
  const heap = code.isolation !== 'shared' && maxHeap !== undefined ? { maxHeap } : {};
  const limits = cgroup === undefined ? {} : { cgroup };
  const contained = containment === 'auto' ? {} : { containment };
  if (code.isolation === 'process') return { ...code, runner: 'main', ...heap, ...contained, ...limits } as Spec;
  return { ...asItsRunner(code), ...group, ...heap } as Spec;
}

/** A thread cannot be another user than its process. */
function asItsRunner<T extends object>(spec: T): T {
  const kept = Object.entries(spec).filter(([field]) => !(field in identityFields));
  return { ...Object.fromEntries(kept), noNewPrivileges: false, allowRoot: false } as T;
}
