import { describe, expect, test } from 'vitest';
import { createBecoming } from '../../src/apply/becoming.ts';
import { outdated } from '../../src/apply/meanwhile.ts';
import type { Loaded } from '../../src/model/module.ts';
import type { Change } from '../../src/model/plan.ts';
import { code } from '../instances/bench.ts';

const loaded = (name: string, fields: object = {}): Loaded => ({ ...code(name, fields).desired, origin: 'config' }) as Loaded;
const all = (...modules: Loaded[]): ReadonlyMap<string, Loaded> => new Map(modules.map((module) => [module.name, module]));
const standing = (now: ReadonlyMap<string, Loaded>) => ({ get: (name: string) => now.get(name), snapshot: () => now });
const change = (action: Change['action'], name: string): Change => ({ action, name }) as Change;
const nobody = { heldSince: () => false, left: new Set<string>() };
const db = loaded('db');
const web = loaded('web', { requires: ['db'] });

describe('a removal', () => {
  const removal = (before: ReadonlyMap<string, Loaded>, now: typeof before, becoming = createBecoming(), left = new Set<string>()) =>
    outdated(change('remove', 'db'), { ...nobody, left, loaded: before, spec: null }, standing(now), becoming);

  test('goes on where those that require it are what they were when it was planned', () => {
    expect(removal(all(db, web), all(db, web))).toBeNull();
    expect(removal(all(db), all(db))).toBeNull();
  });

  test('is left where somebody has come to require it, or is about to', () => {
    const becoming = createBecoming();
    expect(removal(all(db), all(db, web))).toMatchObject({
      status: 'skipped',
      error: { message: expect.stringContaining('web requires it') },
    });
    const end = becoming.begin('web', web);
    expect(removal(all(db), all(db), becoming)).not.toBeNull();
    end();
    expect(removal(all(db), all(db), becoming)).toBeNull();
  });

  test('is left where what was to require it no more was left itself', () => {
    expect(removal(all(db, web), all(db, web), createBecoming(), new Set(['web']))).not.toBeNull();
  });

  test('goes on where another has the service', () => {
    const [one, two, user] = [
      loaded('db', { provides: ['store'] }),
      loaded('two', { provides: ['store'] }),
      loaded('web', { requires: ['store'] }),
    ];
    expect(removal(all(one, two), all(one, two, user))).toBeNull();
    expect(removal(all(one), all(one, user))).not.toBeNull();
  });
});

describe('what is to come up', () => {
  const load = (before: ReadonlyMap<string, Loaded>, now: typeof before, becoming = createBecoming()) =>
    outdated(change('load', 'web'), { ...nobody, loaded: before, spec: web.spec }, standing(now), becoming);

  test('is left where what it requires has gone, or goes', () => {
    expect(load(all(db), all(db))).toBeNull();
    expect(load(all(db), all())).toMatchObject({ status: 'skipped', error: { message: expect.stringContaining('requires db') } });
    const becoming = createBecoming();
    becoming.begin('db', null);
    expect(load(all(db), all(db), becoming)).not.toBeNull();
  });

  test('is not for what was not there when it was planned', () => {
    expect(load(all(), all())).toBeNull();
  });

  test('is left where it is there by now', () => {
    expect(load(all(db), all(db, web))).toMatchObject({ error: { message: expect.stringContaining('changed by another command') } });
  });
});
