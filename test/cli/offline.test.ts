import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { starterConfig } from '../../src/cli/starter.ts';
import type { Diagnostic } from '../../src/model/diagnostic.ts';
import { planFiles, schemaDocument, validateFiles } from '../../src/offline/main.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'muster-offline-'));
});
afterAll(() => rm(folder, { recursive: true }));

const at = () => ({ env: { PATH: process.env.PATH }, cwd: folder, home: folder, uid: 1000 });
const file = async (name: string, text: string): Promise<string> => {
  await writeFile(join(folder, name), text);
  return join(folder, name);
};
const modules = (lines: string): string => `version: 1\nmodules:\n${lines}`;
const sleeper = (name: string, seconds: number): string => `  ${name}: {command: [sleep, "${seconds}"]}\n`;
const places = (diagnostics: readonly Diagnostic[]) => diagnostics.map(({ severity, line }) => `${severity} ${line}`);

describe('validate', () => {
  it('finds nothing in a good file, though its secrets and modules are not there', async () => {
    const good = await file('good.yaml', modules('  a: {module: ./nowhere.ts, env: {T: {secret: "env:NOT_SET"}}}\n'));
    expect(await validateFiles([good], at())).toEqual({ files: [good], modules: 1, diagnostics: [] });
  });

  it('accepts what init writes and the example that is shipped', async () => {
    const starter = await file('muster.yaml', starterConfig);
    const example = join(import.meta.dirname, '../../config.example.yaml');
    expect(await validateFiles([starter], at())).toMatchObject({ modules: 2, diagnostics: [] });
    expect(await validateFiles([example], at())).toMatchObject({ diagnostics: [] });
  });

  it('accepts what they show in comments', async () => {
    const example = await readFile(join(import.meta.dirname, '../../config.example.yaml'), 'utf8');
    const whole = (text: string) => text.replaceAll(/^ {2}# ( *\w+:)/gm, '  $1');
    expect(await validateFiles([await file('starter.yaml', whole(starterConfig))], at())).toMatchObject({ modules: 3, diagnostics: [] });
    expect(await validateFiles([await file('example.yaml', whole(example))], at())).toMatchObject({ modules: 11, diagnostics: [] });
  });

  it('reports all that is wrong at once, each with its place', async () => {
    const bad = await file('bad.yaml', modules('  a: {command: [sleep, "1"], stopTimout: 5s}\n  b: {command: 3}\n  c: {}\n'));
    const { diagnostics } = await validateFiles([bad], at());
    expect(places(diagnostics)).toEqual(['error 3', 'error 4', 'error 5']);
    expect(diagnostics[0]).toMatchObject({ file: bad, code: 'unknownKey', hint: expect.stringContaining('stopTimeout') });
    for (const { endLine, endColumn } of diagnostics) expect([typeof endLine, typeof endColumn]).toEqual(['number', 'number']);
  });

  it('prints the cycle of modules that require each other', async () => {
    const text = modules('  a: {command: [sleep, "1"], requires: [b]}\n  b: {command: [sleep, "1"], requires: [a]}\n');
    const { diagnostics } = await validateFiles([await file('cycle.yaml', text)], at());
    expect(diagnostics.map(({ message }) => message).join()).toMatch(/a.*b.*a|b.*a.*b/);
  });

  it('looks where up would look, and says where that was', async () => {
    await expect(validateFiles([], { ...at(), cwd: '/nowhere' })).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('says which file is missing', async () => {
    const outcome = await validateFiles([join(folder, 'missing.yaml')], at()).catch((error) => error);
    expect(JSON.stringify(outcome.diagnostics ?? outcome.message)).toContain('missing.yaml');
  });
});

describe('a plan between files', () => {
  it('has nothing to do where they mean the same', async () => {
    const a = await file('a.yaml', modules(sleeper('x', 10) + sleeper('y', 20)));
    const b = await file('b.yaml', modules(`  # moved\n${sleeper('y', 20)}  x:\n    command: ["sleep", '10']\n    disabled: false\n`));
    expect(await planFiles({ base: [a], files: [b] }, {}, at())).toMatchObject({ outcome: 'noChanges', exitCode: 0, changes: [] });
  });

  it('lists what is loaded, removed and changed', async () => {
    const a = await file('a.yaml', modules(sleeper('x', 10) + sleeper('y', 20)));
    const b = await file('b.yaml', modules(sleeper('x', 11) + sleeper('z', 20)));
    const plan = await planFiles({ base: [a], files: [b] }, {}, at());
    expect(plan.changes.map(({ name, action }) => `${action} ${name}`).sort()).toEqual(['load z', 'reload x', 'remove y']);
    expect(plan).toMatchObject({ kind: 'Plan', dryRun: true, outcome: 'changes', exitCode: 0 });
  });

  it('takes what is disabled in the first as not loaded', async () => {
    const a = await file('a.yaml', modules(`${sleeper('x', 10)}  y: {command: [sleep, "20"], disabled: true}\n`));
    const b = await file('b.yaml', modules(sleeper('x', 10) + sleeper('y', 20)));
    const { changes } = await planFiles({ base: [a], files: [b] }, {}, at());
    expect(changes.map(({ name, action }) => `${action} ${name}`)).toEqual(['load y']);
  });

  it('loads everything where nothing is loaded', async () => {
    const b = await file('b.yaml', modules(sleeper('x', 11) + sleeper('z', 20)));
    expect((await planFiles({ base: [], files: [b] }, {}, at())).summary).toMatchObject({ load: 2, remove: 0 });
  });

  it('is refused with all findings where a file is invalid', async () => {
    const good = await file('a.yaml', modules(sleeper('x', 10)));
    const bad = await file('bad.yaml', modules('  c: {}\n'));
    await expect(planFiles({ base: [good], files: [bad] }, {}, at())).rejects.toMatchObject({
      code: 'EINVALIDCONFIG',
      diagnostics: [{ line: 3 }],
    });
  });

  it('writes no file', async () => {
    const b = await file('b.yaml', modules(sleeper('x', 11)));
    const before = await readdir(folder);
    await planFiles({ base: [], files: [b] }, {}, at());
    expect(await readdir(folder)).toEqual(before);
  });
});

describe('the schema', () => {
  it('is a JSON Schema with descriptions', () => {
    expect(JSON.stringify(schemaDocument())).toMatch(/"\$schema".*"description"/);
  });
});
