import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { MusterError } from '../../src/model/error.ts';
import { type Bench, makeBench } from './cli.ts';

const counts = { request: 3, response: 4, event: 0, control: 1 };
const stats = { tx: counts, rx: { ...counts, request: 21 }, load: 0.5, cache: { 'a.b': { hits: 7 } } };

let bench: Bench;
beforeAll(async () => {
  bench = await makeBench();
});
beforeEach(() => {
  bench.asked.length = 0;
  bench.answers.stats = ({ clear, clearAll, rusage }) => {
    if (clear === true || clearAll === true) return {};
    return rusage === undefined ? stats : { utime: 1.25, stime: 0.5, maxrss: 40_000 };
  };
  bench.answers.debug = ({ op, flags }) => ({ flags: op === undefined || op === 'clear' ? 0 : flags });
});
afterAll(() => bench.dispose());

const out = async (...args: string[]): Promise<string> => {
  const ran = await bench.muster(args);
  expect({ code: ran.code, err: ran.err }).toEqual({ code: 0, err: '' });
  return ran.out;
};
const refused = async (...args: string[]): Promise<string> => {
  const ran = await bench.muster(args);
  expect({ code: ran.code, out: ran.out }).toEqual({ code: 1, out: '' });
  return ran.err;
};

describe('stats', () => {
  it('prints the whole object, or what stands at a path, also where keys have periods', async () => {
    expect(await out('stats', 'greeter')).toBe(`${JSON.stringify(stats, null, 2)}\n`);
    expect(bench.asked).toEqual([{ topic: 'muster.stats', payload: { name: 'greeter' } }]);
    expect(await out('stats', 'greeter', '-p', 'rx.request')).toBe('21\n');
    expect(await out('stats', 'greeter', '--parse=tx')).toBe(`${JSON.stringify(counts, null, 2)}\n`);
    expect(await out('stats', 'greeter', '-p', 'cache.a.b.hits')).toBe('7\n');
  });

  it('scales a number and converts it to an integer or to six digits', async () => {
    expect(await out('stats', 'greeter', '-p', 'tx.request', '-t', 'int', '-s', '2')).toBe('6\n');
    expect(await out('stats', 'greeter', '-p', 'tx.request', '-t', 'double', '-s', '0.5')).toBe('1.500000\n');
    expect(await out('stats', 'greeter', '-p', 'load', '-t', 'int')).toBe('0\n');
    expect(await out('stats', 'greeter', '-p', 'load', '-s', '-1e3')).toBe('-500\n');
    expect(await out('stats', 'greeter', '-p', 'tx.request', '-t', 'int', '-s', '1e30')).toMatch(/^3\d{30}\n$/);
    expect(await refused('stats', 'greeter', '-p', 'tx.request', '-t', 'int', '-s', '1e308')).toContain('is too large (EINVAL)');
    expect(await refused('stats', 'greeter', '-p', 'tx', '-t', 'int')).toContain('muster: stats greeter: "tx" is no number');
    expect(await refused('stats', 'greeter', '-s', '2')).toContain('the whole object is no number');
  });

  it('names a path that is not there and what is', async () => {
    expect(await refused('stats', 'greeter', '-p', 'tx.foo.bar')).toBe(
      'muster: stats greeter: no "tx.foo.bar"; tx has request, response, event, control (ENOENT)\n',
    );
    expect(await refused('stats', 'greeter', '-p', 'nope')).toContain('no "nope"; there is tx, rx, load, cache (ENOENT)');
    expect(await refused('stats', 'greeter', '-p', 'load.x')).toContain('no "load.x"; load has nothing (ENOENT)');
  });

  it('takes self, children or thread after -R, and else the name of a module', async () => {
    for (const [args, payload] of [
      [['-R'], { rusage: 'self' }],
      [['-R', 'thread'], { rusage: 'thread' }],
      [['-R', 'greeter'], { name: 'greeter', rusage: 'self' }],
      [['greeter', '-R'], { name: 'greeter', rusage: 'self' }],
      [['greeter', '--rusage=children'], { name: 'greeter', rusage: 'children' }],
      [['-R', '--', 'self'], { name: 'self', rusage: 'self' }],
    ] as const) {
      bench.asked.length = 0;
      expect(JSON.parse(await out('stats', ...args))).toEqual({ utime: 1.25, stime: 0.5, maxrss: 40_000 });
      expect(bench.asked.map((asked) => asked.payload)).toEqual([payload]);
    }
    expect(await out('stats', '-R', '-p', 'utime', '-t', 'int', '-s', '1000')).toBe('1250\n');
  });

  it('lists whose resources there are where the word is neither of them nor a module', async () => {
    bench.answers.stats = () => {
      throw new MusterError('ENOENT', 'no module "bad" is loaded');
    };
    const text = '--rusage is of self, children or thread, not of "bad"';
    expect(await refused('stats', '-R', 'bad')).toBe(`muster: stats: ${text}, and no module of that name is loaded (EINVAL)\n`);
    bench.asked.length = 0;
    expect(await refused('stats', 'greeter', '-R', 'bad')).toBe(`muster: stats greeter: ${text} (EINVAL)\n`);
    expect(bench.asked).toEqual([]);
  });

  it('prints nothing when it clears', async () => {
    expect(await out('stats', 'greeter', '--clear')).toBe('');
    expect(await out('stats', 'greeter', '-C')).toBe('');
    expect(bench.asked.map(({ payload }) => payload)).toEqual([
      { name: 'greeter', clear: true },
      { name: 'greeter', clearAll: true },
    ]);
    expect(await refused('stats', 'greeter', '-c', '-p', 'tx')).toContain('--clear prints nothing');
  });
});

describe('debug', () => {
  it('prints the resulting flags, and takes masks as C writes them', async () => {
    for (const [args, printed] of [
      [[], '0x0'],
      [['-C'], '0x0'],
      [['-S', '010'], '0x8'],
      [['--setbit', '0x10000'], '0x10000'],
      [['--set=0xff00'], '0xff00'],
      [['-c', '4294967295'], '0xffffffff'],
      [['-s', '0'], '0x0'],
      [['-s', '0XAb'], '0xab'],
    ] as const) {
      expect(await out('debug', 'greeter', ...args)).toBe(`${printed}\n`);
    }
    expect(bench.asked[0]?.payload).toEqual({ by: 'alice@desk', name: 'greeter' });
    expect(bench.asked[1]?.payload).toEqual({ by: 'alice@desk', name: 'greeter', op: 'clear' });
    expect(bench.asked[5]?.payload).toEqual({ by: 'alice@desk', name: 'greeter', op: 'clearbit', flags: 0xffff_ffff });
    expect(JSON.parse(await out('debug', 'greeter', '--json'))).toEqual({ flags: 0 });
  });

  it.each(['-1', '0x100000000', '4294967296', '09', '1.5', '1e3', '0b1', '0x', 'x', ''])('refuses the mask %j', async (mask) => {
    expect(await refused('debug', 'greeter', '-S', mask)).toContain(`muster: debug greeter: "${mask}" is no mask of 32 bits (EINVAL)`);
    expect(bench.asked).toEqual([]);
  });

  it('does one thing at a time', async () => {
    expect(await refused('debug', 'greeter', '-C', '-s', '1')).toContain('--clear and --setbit exclude each other (EINVAL)');
  });
});
