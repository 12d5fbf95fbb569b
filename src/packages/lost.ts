import { existsSync } from 'node:fs';
import type { Launched } from '../model/driver.ts';
import { MusterError } from '../model/error.ts';
import type { PackageSpec } from '../model/fields/table.ts';
import type { PackageProgram } from '../model/package.ts';
import { packageSpecKind } from '../model/package-spec.ts';

/** A program that ended when its script was gone ends by that, whatever the system made of it. */
export function tellLost(launched: Launched, { script, folder }: PackageProgram, spec: PackageSpec): Launched {
  const text = `its script ${script} is gone${runsInPlace(spec, folder) ? '' : '; muster reload installs it again'}`;
  const isLost = (): boolean => !existsSync(script);
  return {
    ...launched,
    ready: launched.ready.catch((error: unknown) => {
      throw isLost() ? new MusterError('ENOENT', text, { cause: error }) : error;
    }),
    ended: launched.ended.then((ended) => {
      if (!isLost()) return ended;
      return { ...ended, reason: ended.error === null ? `${ended.reason}; ${text}` : text };
    }),
  };
}

function runsInPlace({ package: spec }: PackageSpec, folder: string): boolean {
  const kind = packageSpecKind(spec);
  return kind.kind === 'local' && kind.path === folder;
}
