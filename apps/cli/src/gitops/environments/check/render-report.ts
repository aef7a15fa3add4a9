import { isGood, type CheckReport, type EnvironmentChange } from './check.ts';
import type { ObjectChange } from './diff-objects.ts';
import { outcomeOf, type EnvironmentCheck, type Finding } from './findings.ts';
import type { VersionMove } from './versions-since.ts';

/** First line of every report: by it a workflow finds the comment that it wrote before. */
export const REPORT_MARKER = '<!-- pawl environments check -->';
/** Longest comment that GitHub takes, characters. */
export const GITHUB_LIMIT = 65_536;
/** Room for what says that something was left out. */
const RESERVE = 2_000;
/** Lines of one object, so that no single one takes all the room. */
const MAX_LINES = 200;
/** Names of objects that were left out. */
const MAX_NAMES = 15;
/** Characters of each of those names. */
const MAX_TITLE = 80;

/**
 * Pure: the report as Markdown for a pull request: a table on top, what is wrong, the difference of every object to unfold.
 * Never longer than `limit`; what was left out is named.
 *
 * @param limit characters, at least 4,000
 */
export function renderReport(report: CheckReport, limit = GITHUB_LIMIT): string {
  const head = [
    REPORT_MARKER,
    `### Environments: ${isGood(report.checks) ? '✅ may be merged' : '❌ must not be merged'}`,
    '',
    ...(report.base === undefined
      ? ['Nothing to compare with.', '']
      : [`What is rendered, compared with ${code(report.base.ref)} (${report.base.commit.slice(0, 12)}).`, '']),
    ...summary(report),
    '',
  ];
  const findings = limited(findingLines(report.checks), (limit - RESERVE) / 2, 'findings');
  const start = [...head, ...findings].join('\n');
  return `${start}\n${differences(report.changes, limit - RESERVE - start.length)}`.trimEnd() + '\n';
}

function summary({ checks, changes }: CheckReport): readonly string[] {
  const names = [...new Set([...checks.map(({ environment }) => environment), ...changes.map(({ name }) => name)])];
  return [
    '| environment | objects | versions | verdict |',
    '| --- | --- | --- | --- |',
    ...names.map((name) => {
      const change = changes.find((one) => one.name === name);
      const own = checks.filter(({ environment }) => environment === name);
      const cells = [
        code(name),
        describeChanges(change),
        change === undefined || change.versions.length === 0 ? '–' : change.versions.map(showMove).join('<br>'),
        verdict(own),
      ];
      return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
    }),
  ];
}

function describeChanges(change: EnvironmentChange | undefined): string {
  if (change === undefined) return '–';
  if (change.changes === undefined) return 'not known';
  const counts = (['added', 'changed', 'removed'] as const).map(
    (action) => [change.changes?.filter((one) => one.action === action).length ?? 0, action] as const,
  );
  const words = counts.filter(([number]) => number > 0).map(([number, action]) => `${number} ${action}`);
  return words.length === 0 ? 'unchanged' : words.join(', ');
}

const showMove = ({ model, before, after }: VersionMove): string =>
  `${code(model)} ${before === after ? (after ?? 'none') : `${before ?? 'none'} → **${after ?? 'none'}**`}`;

function verdict(checks: readonly EnvironmentCheck[]): string {
  const outcomes = checks.map(outcomeOf);
  const errors = checks.flatMap(({ findings }) => findings).filter(({ severity }) => severity === 'error').length;
  if (errors > 0) return `❌ ${errors} error${errors === 1 ? '' : 's'}`;
  return outcomes.includes('notice') ? '⚠️ see below' : '✅';
}

function findingLines(checks: readonly EnvironmentCheck[]): readonly string[] {
  const all = checks.flatMap(({ environment, findings }) => findings.map((finding) => ({ environment, finding })));
  const sorted = [...all].sort((a, b) => severityRank(a.finding) - severityRank(b.finding));
  return sorted.map(({ environment, finding: { severity, code: name, file, message, hint } }) =>
    [
      `- ${severity === 'error' ? '❌' : '⚠️'} ${code(environment)} ${code(name)}`,
      ...(file === undefined ? [] : [code(file)]),
      `${escape(message)}${hint === '' ? '' : `<br>${escape(hint)}`}`,
    ].join(' '),
  );
}

const severityRank = ({ severity }: Finding): number => (severity === 'error' ? 0 : 1);

/** Lines as far as there is room, and how many there were. */
function limited(lines: readonly string[], room: number, what: string): readonly string[] {
  const kept: string[] = [];
  let left = room;
  for (const line of lines) {
    if (line.length + 1 > left) break;
    left -= line.length + 1;
    kept.push(line);
  }
  const more = lines.length - kept.length;
  return [...kept, ...(more === 0 ? [] : [`- … and ${more} more ${what}`]), ...(lines.length === 0 ? [] : [''])];
}

function differences(changes: readonly EnvironmentChange[], room: number): string {
  const parts: string[] = [];
  const left: string[] = [];
  let free = room;
  for (const { name, changes: objects = [] } of changes) {
    const title = `#### ${escape(name)}\n`;
    let titled = false;
    for (const object of objects) {
      const block = (titled ? '' : title) + fold(object);
      // A smaller one further down may still fit: people see as much as there is room for.
      if (block.length + 1 > free) left.push(`${name}: ${object.title}`);
      else {
        parts.push(block);
        free -= block.length + 1;
        titled = true;
      }
    }
  }
  if (left.length > 0) parts.push(leftOut(left));
  return parts.join('\n');
}

function leftOut(titles: readonly string[]): string {
  const named = titles.slice(0, MAX_NAMES).map((title) => `- ${code(title.slice(0, MAX_TITLE))}`);
  const more = titles.length - named.length;
  return [
    `**${titles.length} more object${titles.length === 1 ? ' differs' : 's differ'}**, and there is no room here to show how:`,
    '',
    ...named,
    ...(more > 0 ? [`- … and ${more} more`] : []),
    '',
  ].join('\n');
}

function fold({ action, title, lines }: ObjectChange): string {
  const shown = lines.slice(0, MAX_LINES);
  const more = lines.length - shown.length;
  const body = [...shown, ...(more === 0 ? [] : [` … ${more} more lines`])];
  const fence = '`'.repeat(
    Math.max(3, 1 + Math.max(0, ...body.flatMap((line) => (line.match(/`+/g) ?? []).map((run) => run.length)))),
  );
  return [
    `<details><summary>${action} <code>${escapeHtml(title)}</code></summary>`,
    '',
    `${fence}diff`,
    ...body,
    fence,
    '',
    '</details>',
    '',
  ].join('\n');
}

/** Text of files in Markdown: no tag, no mention, no emphasis that somebody else chose. */
function escape(text: string): string {
  return escapeHtml(text)
    .replace(/[\\`*_{}[\]()#!|~]/g, '\\$&')
    .replace(/@/g, '@&#8203;');
}

const escapeHtml = (text: string): string =>
  text.replace(/\s+/g, ' ').replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');

/** A span of code, whatever is in it. */
function code(text: string): string {
  const flat = text.replace(/\s+/g, ' ');
  return flat.includes('`') ? `<code>${escape(flat)}</code>` : `\`${flat}\``;
}
