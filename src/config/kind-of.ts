import { isWritable, type Kind, kindKey, kinds, writableFields } from '../model/fields/table.ts';
import { didYouMean } from '../model/suggest.ts';
import type { Findings } from './findings.ts';
import type { Dict, Located, Pair } from './node.ts';
import { isIgnored } from './raw.ts';
import { sugarKeys } from './sugar.ts';

/** What is special about an entry below `hosts:`. */
export interface Dialect {
  /** A host; else one of its components. */
  readonly isHost: boolean;
}

interface Asked {
  readonly name: string;
  readonly key: Located;
  readonly own: Dict;
  /** Undefined: it stands below `modules:`. */
  readonly dialect: Dialect | undefined;
  readonly findings: Findings;
}

const kindKeys: readonly string[] = kinds.map((kind) => kindKey[kind]);
const sugarNames: readonly string[] = sugarKeys.map(({ name }) => name);

/** Of what kind an entry is; null: it does not say, or says it twice. A host that does not say it is code. */
export function kindOf({ name, key, own, dialect, findings }: Asked): Kind | null {
  const all = dialect === undefined ? kindKeys : [...kindKeys, ...sugarNames];
  const given = all.filter((word) => own.fields.has(word));
  const [word, second] = given;
  if (word === undefined) {
    if (dialect?.isHost === true) return 'code';
    const near = [...own.fields].find(([field]) => !isKnownAnywhere(field) && didYouMean(field, all) !== undefined);
    const misplaced = [...own.fields].find(([field]) => isForHosts(field, dialect));
    if (misplaced !== undefined) reportForHosts(misplaced[0], misplaced[1].key, findings);
    else if (near !== undefined) findings.error(near[1].key, 'unknownKey', `unknown key "${near[0]}" in ${name}`, didYouMean(near[0], all));
    else findings.error(key, 'missingKind', `${name} says not what to run`, `give it one of ${all.join(', ')}`);
    return null;
  }
  if (second === undefined) return kinds.find((kind) => kindKey[kind] === word) ?? 'code';
  findings.error(own.fields.get(second)?.key ?? key, 'severalKinds', `${name} has ${given.join(' and ')}`, 'leave exactly one of them');
  return null;
}

function isKnownAnywhere(field: string): boolean {
  return isIgnored(field) || kinds.some((kind) => isWritable(kind, field));
}

/** The fields that the kind has; the others are reported. */
export function knownFields(kind: Kind, whole: Dict, findings: Findings, dialect?: Dialect): Dict {
  const known = new Map<string, Pair>();
  for (const [field, pair] of whole.fields) {
    if (isWritable(kind, field)) known.set(field, pair);
    else if (!isIgnored(field)) reportUnknown(kind, field, pair, findings, dialect);
  }
  return { ...whole, fields: known };
}

function reportUnknown(kind: Kind, field: string, { key, value }: Pair, findings: Findings, dialect: Dialect | undefined): void {
  if (kind === 'command' && field === 'config') {
    findings.error(key, 'configOnCommand', 'a command gets no config: nothing could deliver it', 'use args, env or files');
    return;
  }
  const elsewhere = kinds.filter((other) => isWritable(other, field)).map((other) => kindKey[other]);
  if (elsewhere.length > 0) {
    findings.error(key, 'unknownKey', `"${field}" is no field of an entry with ${kindKey[kind]}; it belongs to ${elsewhere.join(' and ')}`);
  } else if (isForHosts(field, dialect)) {
    reportForHosts(field, key, findings);
  } else {
    const isComponent = dialect?.isHost === true && field.includes('.') && value.kind !== 'list';
    const further = dialect === undefined ? [] : [...sugarNames, ...(dialect.isHost ? ['components'] : [])];
    const hint = didYouMean(field, [...Object.keys(writableFields(kind)), ...further]);
    findings.error(key, 'unknownKey', `unknown key "${field}"`, isComponent ? 'components of a host stand below its components:' : hint);
  }
}

/** Whether it means something in another place below `hosts:`. */
function isForHosts(field: string, dialect: Dialect | undefined): boolean {
  return (field === 'components' && dialect?.isHost !== true) || (dialect === undefined && sugarNames.includes(field));
}

function reportForHosts(field: string, at: Located, findings: Findings): void {
  const where = field === 'components' ? 'a host' : 'entries below hosts:';
  findings.error(
    at,
    'unknownKey',
    `"${field}" is for ${where}`,
    field === 'components' ? 'hosts stand below hosts: at the top' : undefined,
  );
}
