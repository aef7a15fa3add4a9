import type { CheckReport, EnvironmentChange } from './check.ts';
import { notice, problem, type EnvironmentCheck } from './findings.ts';
import { GITHUB_LIMIT, renderReport, REPORT_MARKER } from './render-report.ts';

const check = (environment: string, ...findings: EnvironmentCheck['findings']): EnvironmentCheck => ({
  environment,
  name: 'x',
  found: '',
  findings,
});
const change = (name: string, more: Partial<EnvironmentChange> = {}): EnvironmentChange => ({
  name,
  changes: [],
  versions: [],
  ...more,
});
const report = (checks: readonly EnvironmentCheck[], changes: readonly EnvironmentChange[] = []): CheckReport => ({
  checks,
  base: { ref: 'origin/main', commit: '0123456789abcdef' },
  changes,
});

describe('the report', () => {
  it('has the table, what is wrong, and the differences to unfold', () => {
    const text = renderReport(
      report(
        [
          check('staging'),
          check(
            'prod',
            notice('VERSION_RETURNS', undefined, 'It comes back.', ''),
            problem('VERSION_UNPROVEN', 'a/b.yaml', 'No.', 'Prove it.'),
          ),
        ],
        [
          change('staging', { versions: [{ model: 'catdog', before: '1.0.0', after: '1.0.0' }] }),
          change('prod', {
            versions: [
              { model: 'birds', before: undefined, after: '0.1.0' },
              { model: 'catdog', before: '1.0.0', after: undefined },
            ],
            changes: [
              { action: 'added', title: 'A/x', lines: ['@@ -0,0 +1 @@', '+a: 1'] },
              { action: 'removed', title: 'B/y', lines: ['-b'] },
            ],
          }),
        ],
      ),
    );
    expect(text.split('\n')).toEqual([
      REPORT_MARKER,
      '### Environments: ❌ must not be merged',
      '',
      'What is rendered, compared with `origin/main` (0123456789ab).',
      '',
      '| environment | objects | versions | verdict |',
      '| --- | --- | --- | --- |',
      '| `staging` | unchanged | `catdog` 1.0.0 | ✅ |',
      '| `prod` | 1 added, 1 removed | `birds` none → **0.1.0**<br>`catdog` 1.0.0 → **none** | ❌ 1 error |',
      '',
      '- ❌ `prod` `VERSION_UNPROVEN` `a/b.yaml` No.<br>Prove it.',
      '- ⚠️ `prod` `VERSION_RETURNS` It comes back.',
      '',
      '#### prod',
      '<details><summary>added <code>A/x</code></summary>',
      '',
      '```diff',
      '@@ -0,0 +1 @@',
      '+a: 1',
      '```',
      '',
      '</details>',
      '',
      '<details><summary>removed <code>B/y</code></summary>',
      '',
      '```diff',
      '-b',
      '```',
      '',
      '</details>',
      '',
    ]);
  });

  it.each<[string, CheckReport, RegExp]>([
    ['good', report([check('a')]), /✅ may be merged[^]*\| `a` \| – \| – \| ✅ \|/],
    [
      'a notice',
      report([check('a', notice('VERSION_RETURNS', undefined, 'm', ''))]),
      /✅ may be merged[^]*⚠️ see below/,
    ],
    ['not rendered', report([check('a')], [change('a', { changes: undefined })]), /\| `a` \| not known \|/],
    ['no base', { ...report([check('a')]), base: undefined }, /Nothing to compare with/],
  ])('%s', (_, given, expected) => {
    expect(renderReport(given)).toMatch(expected);
  });

  it.each([
    ['a fence', '+```\n', /^````diff$/m],
    ['a longer one', '+``` ````` ```', /^``````diff$/m],
  ])('%s in a file does not end the block', (_, line, expected) => {
    expect(
      renderReport(report([], [change('a', { changes: [{ action: 'added', title: 'A/x', lines: [line] }] })])),
    ).toMatch(expected);
  });

  it('lets no text of a file be a tag, a mention or a column', () => {
    const text = renderReport(
      report(
        [check('a|b', problem('RENDER_FAILED', 'x`y', '<img src=x> @everyone **now** [a](http://b)\n# title', ''))],
        [change('a|b', { changes: [{ action: 'added', title: 'A/</code><b>', lines: [] }] })],
      ),
    );
    expect(text).not.toMatch(/<img|@everyone|\*\*now|\]\(http|^# title|<b>/m);
    expect(text).toContain('| `a\\|b` |');
  });

  it.each([1, 40, 900])('stays below what GitHub takes, and names what was left out: %i objects', (count) => {
    const lines = Array.from({ length: 2000 }, (_, index) => `+line ${index} ${'x'.repeat(40)}`);
    const objects = Array.from({ length: count }, (_, index) => ({
      action: 'added' as const,
      title: `A/object-${index}`,
      lines,
    }));
    const many = Array.from({ length: count }, (_, index) =>
      problem('OBJECT_INVALID', `f${index}`, 'm'.repeat(500), 'h'),
    );
    const text = renderReport(report([check('a', ...many)], [change('a', { changes: objects })]));
    expect(text.length).toBeLessThan(GITHUB_LIMIT);
    expect(text).toContain(' … 1800 more lines');
    if (count === 1) return;
    const shown = text.match(/<details>/g)?.length ?? 0;
    expect(text).toContain(`**${count - shown} more objects differ**`);
    expect(shown).toBeGreaterThan(0);
    if (count > 100) expect(text).toMatch(/- … and \d+ more findings/);
    expect(text.match(/<\/details>/g)).toHaveLength(shown);
  });
});
