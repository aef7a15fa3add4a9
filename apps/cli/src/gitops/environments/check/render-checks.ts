import { renderTable } from '../../../terminal/table.ts';
import { count, plain, wrap } from '../../../terminal/text.ts';
import type { Theme, Tone } from '../../../terminal/theme.ts';
import { isGood, type CheckReport, type EnvironmentChange } from './check.ts';
import { outcomeOf, type Finding, type CheckOutcome } from './findings.ts';
import { describeMove } from './versions-since.ts';

const tones: Readonly<Record<CheckOutcome, Tone>> = { pass: 'good', notice: 'warn', fail: 'bad', skip: 'dim' };

/** Columns of text where the width of the terminal is not known. */
const WIDTH = 120;

/** Pure: a line a check, then what is wrong with the file and what to do, then what it comes to. */
export function renderEnvironmentChecks(report: CheckReport, theme: Theme): readonly string[] {
  const { checks, changes } = report;
  const names = [...new Set([...checks.map(({ environment }) => environment)])];
  const sorted = names.flatMap((name) => checks.filter(({ environment }) => environment === name));
  const findings = sorted.flatMap((check) => check.findings);
  const number = (severity: Finding['severity']) => findings.filter((finding) => finding.severity === severity).length;
  const [errors, notices] = [number('error'), number('notice')];
  const symbol: Readonly<Record<CheckOutcome, string>> = {
    pass: theme.symbols.pass,
    notice: '!',
    fail: theme.symbols.fail,
    skip: theme.symbols.dash,
  };
  return [
    ...renderTable(
      {
        rows: sorted.map((check) => {
          const outcome = outcomeOf(check);
          return [
            { text: symbol[outcome], tone: tones[outcome] },
            check.environment,
            check.name,
            { text: plain(check.found), tone: outcome === 'fail' ? 'bad' : 'dim' },
          ];
        }),
      },
      theme,
    ),
    ...findings.flatMap((finding) => ['', ...renderFinding(finding, theme)]),
    ...changes.flatMap((change) => ['', ...renderChange(change, theme)]),
    '',
    isGood(checks)
      ? `${theme.paint('good', 'good')}: ${count(checks.length, 'check')}${notices === 0 ? '' : `, ${count(notices, 'notice')}`}`
      : `${theme.paint('bad', 'refused')}: ${count(errors, 'error')}${notices === 0 ? '' : `, ${count(notices, 'notice')}`}`,
  ];
}

function renderFinding({ severity, code, file, message, hint }: Finding, theme: Theme): readonly string[] {
  const [word, tone] = severity === 'error' ? (['error:', 'bad'] as const) : (['notice:', 'warn'] as const);
  const [first = '', ...rest] = wrap(
    `${file === undefined ? '' : `${file}: `}${message} [${code}]`,
    (theme.width ?? WIDTH) - 8,
  );
  return [
    `${theme.paint(tone, word)} ${first}`,
    ...rest,
    ...(hint === '' ? [] : [`${theme.paint('strong', 'next:')}  ${plain(theme.asCalled(hint))}`]),
  ];
}

const signs = { added: '+', changed: '~', removed: '-' } as const;
const signTones: Readonly<Record<keyof typeof signs, Tone>> = { added: 'good', changed: 'warn', removed: 'bad' };

function renderChange({ name, changes, versions }: EnvironmentChange, theme: Theme): readonly string[] {
  const moves = versions.map(describeMove).join(', ');
  const title = `${theme.paint('strong', name)}${moves === '' ? '' : `  ${moves}`}`;
  if (changes === undefined) return [title, '  what changes is not known'];
  if (changes.length === 0) return [title, '  unchanged'];
  return [
    title,
    ...changes.map(
      ({ action, title: object }) => `  ${theme.paint(signTones[action], signs[action])} ${plain(object)}`,
    ),
  ];
}
