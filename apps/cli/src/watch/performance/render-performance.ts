import { count, plain, span } from '../../terminal/text.ts';
import { renderSummary } from '../../service/render.ts';
import { indented, renderFields, section } from '../../terminal/render-page.ts';
import type { Cell } from '../../terminal/table.ts';
import type { Theme } from '../../terminal/theme.ts';
import { minute, ms, share, whole } from '../words.ts';
import type { Performance } from './performance-report.ts';
import type { MeasuredAccuracy, ProductionReport, Traffic } from './production-report.ts';

/** What is known, for a terminal; pure. */
export function renderPerformance({ production, simulation }: Performance, theme: Theme): readonly string[] {
  return [
    ...(production === undefined ? [] : renderProduction(production, theme)),
    ...(simulation === undefined
      ? []
      : section(
          `Simulation of ${minute(simulation.started_at)} UTC, ${count(simulation.total_requests, 'request')} to ${plain(simulation.url)}`,
          renderSummary(simulation, theme).map((line) => `  ${line}`),
          theme,
        )),
  ];
}

function renderProduction(report: ProductionReport, theme: Theme): readonly string[] {
  const { model, since, until, total_requests, answered, measured, mean_confidence, pictures, abstained } = report;
  const notAnswered = Object.entries(report.errors_by_code).map(([code, times]) => `${whole(times)} ${code}`);
  const refused = Object.entries(report.refused_pictures).map(([code, times]) => `${whole(times)} ${plain(code)}`);
  return [
    `${theme.paint('strong', plain(model))} in production`,
    ...renderFields(
      [
        ['period', `${minute(since)} to ${minute(until)} UTC (${span(Date.parse(until) - Date.parse(since))})`],
        [
          'requests',
          `${whole(total_requests)}, of which ${whole(answered)} answered (${share(part(answered, total_requests))})`,
        ],
        ...(report.errors > 0 ? [['errors', errorsOf(report)] as const] : []),
        ...(notAnswered.length > 0 ? [['not answered', notAnswered.join(', ')] as const] : []),
        ['latency', latencyOf(report)],
        [
          'pictures',
          `${whole(pictures)}${abstained > 0 ? `, ${whole(abstained)} of them probably none of the labels` : ''}`,
        ],
        ...(refused.length > 0 ? [['refused pictures', refused.join(', ')] as const] : []),
        [
          'accuracy',
          {
            text: `${accuracyText(measured)}${measured.answered > 0 ? ' pictures with feedback' : ''}`,
            tone: 'strong',
          },
        ],
        ['mean confidence', share(mean_confidence)],
        ...report.warnings.map((text) => ['warning', { text, tone: 'warn' }] as const),
      ],
      theme,
    ),
    ...section(
      'By label',
      Object.keys(report.by_label).length === 0
        ? []
        : indented(
            {
              header: ['LABEL', 'PICTURES', 'CONFIDENCE', 'ABSTAINED', 'BY FEEDBACK'],
              rows: Object.entries(report.by_label).map(([label, of]) => [
                plain(label),
                whole(of.pictures),
                share(of.mean_confidence),
                whole(of.abstained),
                accuracyText(of.measured),
              ]),
            },
            theme,
          ),
      theme,
    ),
    ...section(
      'By version',
      report.versions.length === 0
        ? []
        : indented(
            {
              header: ['VERSION', 'REQUESTS', 'ERRORS', 'MEAN', 'P95', 'CONFIDENCE', 'AT RELEASE', 'BY FEEDBACK'],
              rows: report.versions.map((one): Cell[] => [
                plain(one.version),
                whole(one.total_requests),
                { text: whole(one.errors), tone: one.errors > 0 ? 'bad' : 'plain' },
                ms(one.mean_latency_ms),
                p95Text(one),
                share(one.mean_confidence),
                share(one.accuracy_at_release),
                accuracyText(one.measured),
              ]),
            },
            theme,
          ),
      theme,
    ),
  ];
}

const part = (some: number, of: number): number | null => (of === 0 ? null : some / of);

const errorsOf = ({ errors, total_requests }: Traffic): Cell => ({
  text: `${whole(errors)} (${share(part(errors, total_requests))})`,
  tone: 'bad',
});

const latencyOf = (traffic: Traffic) => `mean ${ms(traffic.mean_latency_ms)}, p95 ${p95Text(traffic)}`;

/** `over 1000 ms` where the histogram ends before it. */
export const p95Text = ({ p95_latency_ms, p95_is_beyond }: Traffic): string =>
  `${p95_is_beyond ? 'over ' : ''}${ms(p95_latency_ms)}`;

/** `96.3 % (95.1 to 97.3 %) of 1,250`. */
export function accuracyText({ answered, accuracy, interval }: MeasuredAccuracy): string {
  if (interval === null) return 'no feedback';
  const [lower, upper] = interval.map((value) => (value * 100).toFixed(1));
  return `${share(accuracy)} (${lower ?? ''} to ${upper ?? ''} %) of ${whole(answered)}`;
}
