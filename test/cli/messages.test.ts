import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { TraceRecord } from '../../src/model/documents.ts';
import { MusterError } from '../../src/model/error.ts';
import { type Bench, makeBench } from './cli.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await makeBench();
});
beforeEach(() => {
  bench.asked.length = 0;
});
afterAll(() => bench.dispose());

describe('request', () => {
  it('sends the payload to the topic and prints the response on one line', async () => {
    bench.answers['greeter.hello'] = ({ who }) => ({ text: `hello ${who}` });
    const { code, out, err } = await bench.muster(['request', 'greeter.hello', '{"who": "you"}']);
    expect({ code, out, err }).toEqual({ code: 0, out: '{"text":"hello you"}\n', err: '' });
    expect(bench.asked).toEqual([{ topic: 'greeter.hello', payload: { who: 'you' } }]);
  });

  it('reads no more of stdin than a message can have', async () => {
    const endless = new Readable({
      read() {
        this.push('x'.repeat(65_536));
      },
    });
    const { code, out, err } = await bench.muster(['request', 'greeter.hello', '-'], { stdin: endless });
    endless.destroy();
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toContain('the payload is longer than a message can be: 8 MiB (E2BIG)');
  });

  it('reads the payload from stdin, and sends none where none is given', async () => {
    bench.answers['greeter.hello'] = (payload) => payload ?? 'nothing';
    expect((await bench.muster(['request', 'greeter.hello', '-'], { stdin: '[1,\n2]\n' })).out).toBe('[1,2]\n');
    expect((await bench.muster(['request', 'greeter.hello'])).out).toBe('"nothing"\n');
  });

  it('prints null for a response without a payload', async () => {
    bench.answers['greeter.shutdown'] = () => undefined;
    expect(await bench.muster(['request', 'greeter.shutdown'])).toMatchObject({ code: 0, out: 'null\n' });
  });

  it.each([
    ['{"a": }', '1:7: unexpected "}"'],
    ['{\n  "a": 1,\n}', '3:1: unexpected "}"'],
    ['{"a" 1}', '1:6: unexpected "1"'],
    ['[1 2]', '1:4: unexpected "2"'],
    ['{"a": "b', '1:9: it ends too early'],
    ['', '1:1: it ends too early'],
    ['{who: 1}', '1:2: unexpected "w"'],
    ['nul', '1:1: unexpected "n"'],
    ['{} x', '1:4: unexpected "x"'],
    ['"a\\x"', '1:3: unexpected "\\\\"'],
    ['[1,]', '1:4: unexpected "]"'],
    ['01', '1:2: unexpected "1"'],
    ['😀', '1:1: unexpected "😀"'],
  ])('says where %j is no JSON, and asks nothing', async (text, says) => {
    const { code, out, err } = await bench.muster(['request', 'greeter.hello', '-'], { stdin: text });
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toContain(`muster: request greeter.hello: not JSON at ${says} (EINVAL)\n  quote it for the shell`);
    expect(bench.asked).toEqual([]);
  });

  it('says that a payload is nested too deep, and asks nothing', async () => {
    const text = '['.repeat(100_000) + ']'.repeat(100_000);
    const { code, out, err } = await bench.muster(['request', 'greeter.hello', '-'], { stdin: text });
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toContain('nested deeper than a message may be (EINVAL)');
    expect(bench.asked).toEqual([]);
  });

  it('prints the parts of a stream as they come, each on a line, and nothing for an end that says nothing', async () => {
    bench.answers['counter.count'] = async ({ last }, part) => {
      for (const n of [1, 2, 3]) await part({ n });
      return last;
    };
    expect((await bench.muster(['request', 'counter.count', '{}'])).out).toBe('{"n":1}\n{"n":2}\n{"n":3}\n');
    expect((await bench.muster(['request', 'counter.count', '{"last": 4}'])).out).toBe('{"n":1}\n{"n":2}\n{"n":3}\n4\n');
  });

  it('ends quietly when the reader of an endless stream leaves, and the module hears of it', async () => {
    const ended = new Promise<void>((resolve) => {
      bench.answers['counter.count'] = async (_, part, signal) => {
        for (let n = 1; !signal.aborted; n++) {
          await part({ n, padding: 'x'.repeat(1000) });
          await new Promise(setImmediate);
        }
        resolve();
      };
    });
    const shell = spawn(
      'bash',
      ['-c', `set -o pipefail; "$0" "$1" request counter.count | head -n 1 | cut -c1-6`, process.execPath, join(bench.folder, 'cli.cjs')],
      {
        env: { PATH: process.env.PATH, MUSTER_STATE_DIR: bench.folder },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    let text = '';
    for (const stream of [shell.stdout, shell.stderr]) stream.on('data', (chunk) => (text += chunk));
    expect(await once(shell, 'close')).toEqual([0, null]);
    expect(text).toBe('{"n":1\n');
    await ended;
  });

  it('shows the error of a module with its code, and exits 1 whatever that code is', async () => {
    for (const code of ['ENOSYS', 'EBUSY', 'ECONNREFUSED', 'EMINE'] as const) {
      bench.answers['greeter.hello'] = () => {
        throw new MusterError(code as 'EBUSY', 'greeter.hello: not today', { exitCode: 9 });
      };
      const { code: exit, out, err } = await bench.muster(['request', 'greeter.hello']);
      expect({ exit, out, err }).toEqual({ exit: 1, out: '', err: `muster: request greeter.hello: not today (${code})\n` });
    }
  });

  it('keeps the exit codes of muster itself', async () => {
    bench.answers.reload = () => {
      throw new MusterError('EREFUSED', 'held');
    };
    expect((await bench.muster(['request', 'muster.reload'])).code).toBe(8);
    expect((await bench.muster(['request', 'greeter.hello'], { elsewhere: true })).code).toBe(3);
  });

  it('gives up when nothing comes within --timeout; each part begins it anew', async () => {
    bench.answers['slow.one'] = (_, _part, signal) => new Promise((resolve) => signal.addEventListener('abort', resolve));
    const late = await bench.muster(['request', 'slow.one', '--timeout', '100ms']);
    expect(late).toMatchObject({ code: 1, out: '' });
    expect(late.err).toBe('muster: request slow.one: no answer within 100ms (ETIMEDOUT)\n  --timeout waits longer, with 0 for ever\n');
    bench.answers['slow.many'] = async (_, part) => {
      for (let n = 0; n < 6; n++) {
        await new Promise((resolve) => setTimeout(resolve, 200));
        await part(n);
      }
    };
    expect(await bench.muster(['request', 'slow.many', '--timeout', '1s'])).toMatchObject({ code: 0, out: '0\n1\n2\n3\n4\n5\n' });
  });
});

describe('publish', () => {
  it('hands the event to the daemon and prints nothing', async () => {
    bench.answers.publish = () => ({});
    expect(await bench.muster(['publish', 'words.changed', '{"count": 3}'])).toMatchObject({ code: 0, out: '', err: '' });
    expect(await bench.muster(['publish', 'cache.flush', '--json'])).toMatchObject({ code: 0, out: '{}\n' });
    expect(bench.asked.map(({ payload }) => payload)).toEqual([
      { topic: 'words.changed', payload: { count: 3 } },
      { topic: 'cache.flush' },
    ]);
  });
});

describe('trace', () => {
  const record = (more: Partial<TraceRecord> = {}): TraceRecord => ({
    at: '2026-01-01T00:00:01.234Z',
    type: 'request',
    topic: 'tiny.ping',
    from: 'client',
    to: 'tiny',
    size: 2,
    ...more,
  });
  beforeEach(() => {
    bench.answers.trace = async (_, part, signal) => {
      await part({ records: [], dropped: 0 });
      await part({ records: [record()], dropped: 0 });
      await part({ records: [record({ type: 'response', from: 'tiny', to: 'client', at: '2026-01-01T00:00:01.334Z' })], dropped: 0 });
      await part({ records: [record({ type: 'event', to: null }), record({ type: 'event', to: null })], dropped: 0 });
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
    };
  });

  it('prints one line each and ends after --count', async () => {
    const { code, out, err } = await bench.muster(['trace', '--count', '3']);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out.split('\n')).toEqual([
      '2026-01-01T00:00:01.234Z  request   client -> tiny  tiny.ping  [2]',
      '2026-01-01T00:00:01.334Z  response  tiny -> client  tiny.ping  [2]',
      '2026-01-01T00:00:01.234Z  event     client -> *     tiny.ping  [2]',
      '',
    ]);
  });

  it('asks for the names, types and topics that are wanted', async () => {
    await bench.muster(['trace', '--count', '1', '-f', '-t', 'request,response', '-T', 'tiny.*', 'tiny', 'none']);
    expect(bench.asked).toEqual([
      { topic: 'muster.trace', payload: { names: ['tiny', 'none'], full: true, types: ['request', 'response'], topic: 'tiny.*' } },
    ]);
  });

  it('tells the time since the line before with --human and --delta', async () => {
    const { out } = await bench.muster(['trace', '--count', '2', '-Hd']);
    expect(out.split('\n').map((line) => line.slice(0, 17))).toEqual(['+0.000s  request ', '+0.100s  response', '']);
    const human = await bench.muster(['trace', '--count', '1', '-H'], { env: { TZ: 'Asia/Tokyo' } });
    expect(human.out).toBe('09:00:01.234  request   client -> tiny  tiny.ping  [2]\n');
  });

  it('prints one record a line with --json', async () => {
    const { out } = await bench.muster(['trace', '--count', '2', '--json']);
    expect(
      out
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).type),
    ).toEqual(['request', 'response']);
  });

  it.each([
    [['-t', 'request,bad'], '"bad" is no type of message; there are request, response, event, control (EINVAL)'],
    [['--delta'], '--delta goes with --human (EINVAL)'],
    [['--count', '0'], '--count is at least 1 (EINVAL)'],
  ])('refuses %j before it asks', async (args, says) => {
    const { code, out, err } = await bench.muster(['trace', ...args]);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toContain(says);
    expect(bench.asked).toEqual([]);
  });

  it('says on stderr how much it does not show', async () => {
    bench.answers.trace = async (_, part, signal) => {
      await part({ records: [record()], dropped: 12 });
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
    };
    expect((await bench.muster(['trace', '--count', '1'])).err).toBe('muster: trace: 12 messages are not shown: they came too fast\n');
  });
});
