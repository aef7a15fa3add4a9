import { count, list, padEnd, plain, shortDigest, span } from '../../terminal/text.ts';
import { renderFields, section, indented } from '../../terminal/render-page.ts';
import type { Theme } from '../../terminal/theme.ts';
import { minute, share, whole } from '../words.ts';
import type { DriftReport, StatisticReport } from './drift-report.ts';
import { directions, evidenceText, overSince } from './words.ts';

/** The report for a terminal; pure. */
export function renderDrift(report: DriftReport, theme: Theme): readonly string[] {
  const { model, version, digest, since, until, pictures, statistics, moved, meaning, warnings } = report;
  const known = statistics.filter((statistic) => statistic.pictures > 0);
  const moving = moved.flatMap((name) => statistics.filter((statistic) => statistic.name === name));
  const still = known.filter(({ name }) => !moved.includes(name)).map(({ name }) => name);
  const unseen = statistics.filter((statistic) => statistic.pictures === 0).map(({ name }) => name);
  const names = (all: readonly string[]) => list(all.map(plain));
  return [
    theme.paint('strong', `${plain(model)} ${plain(version)}`) + `  ${theme.paint('dim', shortDigest(digest))}`,
    ...renderFields(
      [
        ['drift', verdictOf(report)],
        ['period', `${minute(since)} to ${minute(until)} UTC, in steps of ${span(report.step_seconds * 1000)}`],
        ['pictures', pictures === 0 ? { text: 'none', tone: 'warn' } : whole(pictures)],
        ...(still.length > 0 ? [['did not move', names(still)] as const] : []),
        ...(unseen.length > 0 ? [['not counted', names(unseen)] as const] : []),
        ...warnings.map((text) => ['warning', { text, tone: 'warn' }] as const),
      ],
      theme,
    ),
    ...section(
      'What moved, the first one first',
      moving.length === 0
        ? []
        : indented(
            {
              header: ['STATISTIC', 'FIRST AT', 'SINCE ABOUT', 'UNTIL', 'EVIDENCE', 'MOVED', ''],
              rows: moving.map(row),
            },
            theme,
          ),
      theme,
    ),
    ...section(
      'What it probably means',
      meaning.flatMap(({ says, check, statistics: of }, index) => [
        ...(index === 0 ? [] : ['']),
        ...renderFields(
          [
            ['moved', names(of)],
            ['means', says],
            ['look at', `${check}.`],
          ],
          theme,
        ),
      ]),
      theme,
    ),
  ];

  function row({ name, first_moved, changed_at, ended_at, highest_evidence, distance, direction }: StatisticReport) {
    return [
      plain(name),
      minute(first_moved ?? ''),
      minute(changed_at ?? ''),
      ended_at === null ? 'now' : minute(ended_at),
      evidenceText(highest_evidence),
      padEnd(share(distance), 7),
      direction === null ? '' : directions[direction],
    ];
  }
}

function verdictOf(report: DriftReport) {
  const { alarm, first_alarm, evidence, highest_evidence, pictures, moved } = report;
  const since = `the alarm was first at ${minute(first_alarm ?? '')}`;
  const over = overSince(report);
  if (alarm && over !== undefined)
    return { text: `over since ${minute(over)}; ${since}, and lasts up to a day longer`, tone: 'warn' } as const;
  if (alarm) return { text: `yes, evidence ${evidenceText(evidence)}; ${since}`, tone: 'bad' } as const;
  if (first_alarm !== null)
    return {
      text: `not now, but there was: ${since}, evidence up to ${evidenceText(highest_evidence)}`,
      tone: 'warn',
    } as const;
  if (pictures === 0) return { text: 'nobody can say', tone: 'warn' } as const;
  return moved.length > 0
    ? ({ text: `no alarm, but ${count(moved.length, 'statistic')} moved`, tone: 'warn' } as const)
    : ({ text: 'no', tone: 'good' } as const);
}
