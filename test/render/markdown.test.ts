import { micromark } from 'micromark';
import { gfm, gfmHtml } from 'micromark-extension-gfm';
import { expect, test } from 'vitest';
import type { Change, ChangeResult, Plan, Result } from '../../src/model/plan.ts';
import { inline } from '../../src/render/markdown.ts';
import { leastBytes, planMarkdown } from '../../src/render/plan-markdown.ts';
import { summaryLine } from '../../src/render/plan-summary.ts';
import { fc } from '../support/properties.ts';
import { planDoc, resultDoc } from './plan-doc.ts';

/** As GitHub reads it: CommonMark with tables, strikethrough and links of bare addresses; markup of the text's own would be passed on. */
const html = (markdown: string): string =>
  micromark(markdown, { extensions: [gfm()], htmlExtensions: [gfmHtml()], allowDangerousHtml: true, allowDangerousProtocol: true });

const hostile = [
  '`',
  '```',
  '````````````',
  '~~~',
  '|',
  '\\|',
  '\\',
  '\\\\|',
  '\n',
  '\r\n',
  '\u2028',
  '\t',
  '<b>',
  '</code>',
  '</table>',
  '<script>alert(1)</script>',
  '<!--',
  '-->',
  '--!>',
  '<!-- muster:plan daemon=x -->',
  '@everyone',
  '@org/team',
  '#1',
  'GH-1',
  'owner/repo#2',
  '!5',
  '&amp;',
  '&#64;',
  '[x](javascript:alert(1))',
  '![](https://x.example/y.png)',
  'https://x.example',
  'www.x.example',
  'a@b.example',
  ':tada:',
  '*b*',
  '_b_',
  '~~s~~',
  '$x$',
  '$$',
  '{{x}}',
  '- ',
  '# ',
  '> ',
  '1. ',
  '---',
  '===',
  '| a | b |',
  '|---|---|',
  '[^1]',
  '[^1]: x',
  '\u202e',
  '\u200b',
  '\u0000',
  '\u001b[31m',
  '\ud800',
  'é',
  '漢字',
  '🙂',
  'e5df584',
  'x',
  ' ',
  '   ',
  '::error::',
  '/close',
  '[ ]',
];
const text = fc.array(fc.oneof(fc.constantFrom(...hostile), fc.string({ maxLength: 8 })), { maxLength: 6 }).map((parts) => parts.join(''));
const value = fc.oneof(text, fc.jsonValue({ maxDepth: 2 }));

const change: fc.Arbitrary<Change> = fc.record({
  name: text,
  kind: fc.constantFrom('code' as const, 'command' as const),
  isolation: fc.constantFrom('thread' as const, null),
  host: fc.constant(undefined as never),
  action: fc.constantFrom('load' as const, 'reload' as const, 'remove' as const),
  reason: fc.record({ code: text, text }),
  source: fc.option(fc.record({ file: text, line: fc.nat(), column: fc.nat() })),
  fields: fc.array(fc.record({ path: text, before: value, after: value, live: fc.boolean() }), { maxLength: 3 }),
  codeDigest: fc.constant(null),
  after: fc.constant([]),
});
const diagnostic = fc.record({
  severity: fc.constantFrom('error' as const, 'warning' as const),
  ...{ code: text, message: text, hint: text, file: text },
  ...{ line: fc.nat(), column: fc.nat(), endLine: fc.nat(), endColumn: fc.nat() },
});

const plans: fc.Arbitrary<Plan> = fc
  .record({
    changes: fc.array(change, { maxLength: 12 }),
    diagnostics: fc.array(diagnostic, { maxLength: 4 }),
    host: text,
    id: text,
    file: text,
  })
  .map(({ changes, diagnostics, host, id, file }) =>
    planDoc({
      ...{ changes, diagnostics },
      target: { daemonId: id, host, serial: 1, generation: 1 },
      config: { digest: '', files: [{ path: `/srv/${file}`, sha256: '' }] },
    }),
  );

/** What became of it: the text of an error is one more that others write. */
const results: fc.Arbitrary<Result> = fc.tuple(plans, text).map(([{ kind, changes, outcome, ...plan }, message]) => {
  const error = { code: 'EFAILED', message, output: [message] };
  const done = changes.map((each, index): ChangeResult => ({ ...each, status: index % 2 === 0 ? 'failed' : 'ok', durationMs: 1, error }));
  return resultDoc({ ...plan, changes: done });
});

const allowed = new Set(['table', 'thead', 'tbody', 'tr', 'th', 'td', 'p', 'ul', 'li', 'strong', 'em', 'pre', 'code']);

/** What the page is made of, however hostile what stands in it. */
function expectSound(markdown: string, doc: Plan | Result, shown: number): void {
  const page = html(markdown);
  const [, body = '', comment = ''] = /^(.*)\n(<!--.*-->)\n?$/s.exec(page) ?? [];
  expect(comment).toMatch(/^<!-- muster:plan daemon=[\w=.: -]+ -->$/);
  expect(body).not.toContain('<!--');
  expect(markdown.match(/<!--\s*muster:plan/gi)).toHaveLength(1);
  for (const [, tag = ''] of body.matchAll(/<\/?([a-z][\w-]*)/gi)) expect(allowed, tag).toContain(tag);
  expect(body.match(/<pre><code class="language-text">/g)).toHaveLength(1);
  const rows = [...body.matchAll(/<tr>\n(.*?)<\/tr>/gs)].map(([, cells = '']) => cells.match(/<t[hd]>/g)?.length);
  expect(rows).toEqual(shown === 0 ? [] : Array.from({ length: shown + 1 }, () => (doc.kind === 'Result' ? 7 : 6)));
  // Platforms look for mentions and references everywhere but in code.
  const outside = body.replace(/<code[^>]*>.*?<\/code>/gs, '');
  expect(outside).not.toMatch(/[@#]|&#|GH-\d|:\/\/|www\.|:\w+:/i);
}

test('whatever stands in a plan, it is one row per change, one fence, and nothing of it takes effect', () => {
  fc.assert(
    fc.property(fc.oneof(plans, results), (doc) => expectSound(planMarkdown(doc), doc, doc.changes.length)),
    { numRuns: Number(process.env.MUSTER_PLANS ?? 100) },
  );
});

test('with a bound it is never longer, has the whole summary, and cuts between rows only', () => {
  const many = fc.tuple(fc.oneof(plans, results), fc.integer({ min: leastBytes, max: 12_000 }), fc.integer({ min: 1, max: 12 }));
  fc.assert(
    fc.property(many, ([one, maxBytes, times]) => {
      const changes = Array.from({ length: times }, () => one.changes).flat();
      const doc = { ...one, changes } as Plan | Result;
      const markdown = planMarkdown(doc, { maxBytes });
      expect(Buffer.byteLength(markdown)).toBeLessThanOrEqual(maxBytes);
      const left = Number(/^_(\d+) more changes? left out/m.exec(markdown)?.[1] ?? 0);
      expectSound(markdown, doc, changes.length - left);
      const whole = planMarkdown(doc).split('\n');
      expect(markdown.split('\n')[0]).toBe(whole[0]);
      for (const line of markdown.split('\n').filter((each) => each.startsWith('| '))) expect(whole).toContain(line);
    }),
    { numRuns: Number(process.env.MUSTER_PLANS ?? 40) },
  );
});

test('what is cut is counted, and what fits is not cut', () => {
  const changes = Array.from({ length: 200 }, (_, index): Change => ({ ...(planDoc().changes[0] as Change), name: `m${index}` }));
  const doc = planDoc({ changes, summary: { ...planDoc().summary, reload: 200 } });
  const cut = planMarkdown(doc, { maxBytes: 6000 });
  const shown = cut.split('\n').filter((line) => line.startsWith('| reload')).length;
  expect(shown).toBeGreaterThan(20);
  expect(cut).toContain(`_${200 - shown} more changes left out`);
  expect(cut).toContain('Plan: 200 to reload. 2 unchanged.');
  expect(planMarkdown(doc, { maxBytes: 200_000 })).toBe(planMarkdown(doc));
});

test('of one that is told in words and numbers nothing is changed', () => {
  const said = ['web-1', 'declared at muster.yaml:12', 'config.ttl 30 -', 'no longer declared', summaryLine(planDoc())];
  for (const each of said) expect(inline(each)).toBe(each);
});

test('what is code reads as it was written', () => {
  for (const each of ['a|b', '\\|', '`x`', '<b>', '@me', 'a_b', 'https://x.example']) {
    const page = html(`| a |\n|---|\n| ${inline(each)} |\n`);
    const [, shown = ''] = /<td><code>(.*?)<\/code><\/td>/.exec(page) ?? [];
    expect(shown.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&')).toBe(each);
  }
});
