import { closeSync, readdirSync, readFileSync } from 'node:fs';

const closedOnExec = 0o2000000;

/**
 * Closes what somebody up the line had open and left to its children. Node does so for itself up to the first gap in the numbers;
 * the rest would reach every program.
 */
export function closeInherited(): void {
  for (const fd of readdirSync('/proc/self/fd').map(Number)) {
    if (fd > 2 && isInherited(fd)) closeSync(fd);
  }
}

/** What Node itself has opened by now is closed on exec. */
function isInherited(fd: number): boolean {
  try {
    const flags = /^flags:\s*([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1] ?? '';
    return flags !== '' && (Number.parseInt(flags, 8) & closedOnExec) === 0;
  } catch {
    return false; // that of the folder that was listed
  }
}
