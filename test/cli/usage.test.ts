import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Bench, makeBench } from './cli.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await makeBench();
});
afterAll(() => bench.dispose());

const commands = [
  ...['up', 'down', 'status', 'validate', 'reconcile', 'diff', 'reload', 'restart', 'stop', 'start', 'signal', 'hold', 'release'],
  ...['drift', 'load', 'remove', 'list', 'info', 'stats', 'debug', 'request', 'publish', 'trace'],
  ...['logs', 'events', 'schema', 'init', 'completion'],
];

describe('usage', () => {
  it('goes to stderr with exit code 1 where no command is named', async () => {
    const { code, out, err } = await bench.muster([]);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    for (const name of commands) expect(err).toMatch(new RegExp(`^  ${name}\\b`, 'm'));
  });

  it.each([
    ['an unknown command', ['lst'], /unknown command 'lst' \(Did you mean list\?\)/],
    ['an unknown option', ['list', '--bogus'], /muster: list: unknown option '--bogus'\nUsage: muster list/],
    ['two names where one goes', ['debug', 'a', 'b'], /muster: debug: too many arguments/],
    ['a bad type of number', ['stats', '-t', 'float'], /Allowed choices are int, double/],
    ['a bad factor', ['stats', '-s', 'twice'], /"twice" is no number/],
    ['a missing operand', ['load'], /muster: load: missing required argument 'NAME'/],
    ['too many operands', ['list', 'a', 'b'], /too many arguments/],
    ['help about what is no command', ['help', 'lst'], /unknown command 'lst' \(Did you mean list\?\)/],
    ['a bad duration', ['status', '--timeout', 'soon'], /"soon" is no duration; write it as 250ms, 10s, 5m or 1h/],
    ['a bad choice', ['reconcile', '-o', 'xml'], /Allowed choices are text, json, ndjson, markdown/],
    ['an option before the command that is not global', ['--long', 'list'], /unknown option '--long'/],
  ])('goes to stderr with exit code 1 for %s', async (_, args, message) => {
    const { code, out, err } = await bench.muster(args);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toMatch(message);
    expect(err).toContain('Usage: muster');
  });

  it('goes to stdout with exit code 0 when asked for, with an example for each command', async () => {
    for (const name of commands) {
      const { code, out, err } = await bench.muster([name, '--help']);
      expect({ code, err }).toEqual({ code: 0, err: '' });
      expect(out).toMatch(new RegExp(`^Usage: muster ${name}`));
      expect(out).toMatch(/^Examples?:\n {2}/m);
      expect(out).toMatch(/^Options:\n[\s\S]*^Global options:\n/m);
    }
  });

  it('fits on the lines of a terminal, with a line or two for each command', async () => {
    const { out } = await bench.muster(['--help']);
    for (const line of out.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80);
    for (const name of commands) expect(out).toMatch(new RegExp(`^ {2}${name} {2,}\\S`, 'm'));
  });

  it('prints the version', async () => {
    expect(await bench.muster(['--version'])).toMatchObject({ code: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
  });
});
