import { renderTable } from '../terminal/table.ts';
import { plain, wrap } from '../terminal/text.ts';
import type { Theme, Tone } from '../terminal/theme.ts';
import type { SmokeCheck } from './smoke.ts';
import { hasPassed } from './smoke.ts';

const words: Readonly<Record<SmokeCheck['outcome'], { readonly text: string; readonly tone: Tone }>> = {
  pass: { text: 'ok', tone: 'good' },
  warn: { text: 'warning', tone: 'warn' },
  fail: { text: 'FAILED', tone: 'bad' },
  skip: { text: '-', tone: 'dim' },
};

/** What was found that has more words than fit behind a check goes below the list. */
const LONG = 48;

/** The checklist and what it comes to; pure. */
export function renderSmokeChecks(checks: readonly SmokeCheck[], url: string, theme: Theme): readonly string[] {
  const rows = checks.map(({ name, outcome, found }) => [
    words[outcome],
    plain(name),
    { text: found.length > LONG ? 'see below' : plain(found), tone: 'dim' as const },
  ]);
  const long = checks.filter(({ found }) => found.length > LONG);
  const good = hasPassed(checks);
  const warnings = checks.filter(({ outcome }) => outcome === 'warn').length;
  const verdict = good
    ? `passed${warnings > 0 ? ` with ${warnings === 1 ? 'a warning' : `${warnings} warnings`}` : ''}`
    : 'FAILED';
  return [
    ...renderTable({ rows }, theme),
    ...long.flatMap(({ name, found }) => ['', ...wrap(`${name}: ${found}`, theme.width ?? 120)]),
    '',
    `${theme.paint(good ? 'good' : 'bad', verdict)}: ${url}`,
  ];
}
