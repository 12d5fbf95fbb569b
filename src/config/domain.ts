import { domainToASCII } from 'node:url';
import { nameProblem } from '../model/name.ts';

export interface Domain {
  /** In lower case, without a final period, in ASCII: as clients ask for it. What cannot be one stays as it is. */
  readonly name: string;
  /** What is wrong with it, or null. */
  readonly problem: string | null;
  readonly hint?: string;
}

/** The domain that a key below `hosts:` means. It is also the name of a module, and so has to be fit for one. */
export function domainOf(written: string): Domain {
  const shape = shapeProblem(written);
  if (shape !== null) return { name: written, ...shape };
  const ascii = isAscii(written) ? written : domainToASCII(written);
  if (ascii === '') return { name: written, problem: `"${written}" is no domain` };
  const name = ascii.toLowerCase().replace(/\.$/, '');
  const label = name.split('.').find((each) => each.length > 63 || each.startsWith('-') || each.endsWith('-'));
  const problem = nameProblem(name);
  if (problem !== null) return { name, problem };
  if (label === undefined) return { name, problem: null };
  return { name, problem: `"${label}" cannot be part of a domain: at most 63 characters, none of the outer ones a hyphen` };
}

function shapeProblem(written: string): Omit<Domain, 'name'> | null {
  if (written.includes('*')) {
    return { problem: `"${written}" is a pattern; an entry is for one domain`, hint: 'declare each domain by itself' };
  }
  if (written.includes('/')) return { problem: `"${written}" is more than a domain`, hint: 'leave out the scheme and the path' };
  if (/:\d*$/.test(written)) return { problem: `"${written}" has a port`, hint: 'the service that loads the host knows where to listen' };
  return null;
}

function isAscii(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII
  return /^[\x00-\x7f]*$/.test(text);
}
