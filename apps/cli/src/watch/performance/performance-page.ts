import { CHART_STYLE, lineChart } from '../../pages/charts.ts';
import { figure, html, page, table, type Html } from '../../pages/html.ts';
import { shortDigest, span } from '../../terminal/text.ts';
import type { SimulationReport } from '../../service/report.ts';
import { minute, ms, share, ticksOf, whole } from '../words.ts';
import type { Performance } from './performance-report.ts';
import type { ProductionReport } from './production-report.ts';
import { accuracyText, p95Text } from './render-performance.ts';

/** Wrong answers of a simulation on the page; the JSON has all. */
const MISTAKES = 50;

/** The report as one HTML page that needs nothing else: no script, no file, no network. Pure. */
export function renderPerformancePage({ production, simulation }: Performance): string {
  return page(
    `Performance of ${production?.model ?? 'a service'}`,
    [
      ...(production === undefined ? [] : ofProduction(production)),
      ...(simulation === undefined ? [] : ofSimulation(simulation, production === undefined)),
    ],
    STYLE,
  );
}

function ofProduction(report: ProductionReport): Html[] {
  const { model, since, until, step_seconds, measured, versions, by_label, refused_pictures, warnings } = report;
  return [
    html`<header>
      <h1>${model} in production</h1>
      <p class="dim">${minute(since)} to ${minute(until)} UTC, in steps of ${span(step_seconds * 1000)}</p>
      ${warnings.map((warning) => html`<p class="problem">${warning}</p>`)}
      <dl class="figures">
        ${figure('requests', whole(report.total_requests))}
        ${figure(`errors${report.errors === 0 ? '' : `, ${share(report.errors / report.total_requests)}`}`, report.errors, 'bad')}
        ${figure('latency, mean', ms(report.mean_latency_ms))} ${figure('latency, p95', p95Text(report))}
        ${figure('accuracy by feedback', share(measured.accuracy))}
        ${figure('mean confidence', share(report.mean_confidence))}
      </dl>
    </header>`,
    timeline(report),
    html`<section class="card">
      <h2>By version</h2>
      ${
        versions.length === 0
          ? html`<p class="dim">Prometheus does not say which versions were served.</p>`
          : table(
              [
                'Version',
                'Bundle',
                'Requests',
                'Errors',
                'Mean',
                'p95',
                'Confidence',
                'At release',
                'Accuracy by feedback',
              ],
              versions.map((one) => [
                html`<strong>${one.version}</strong>`,
                html`<code>${shortDigest(one.digest)}</code>`,
                whole(one.total_requests),
                whole(one.errors),
                ms(one.mean_latency_ms),
                p95Text(one),
                share(one.mean_confidence),
                share(one.accuracy_at_release),
                accuracyText(one.measured),
              ]),
            )
      }
    </section>`,
    html`<section class="card">
      <h2>By label</h2>
      ${table(
        ['Label', 'Pictures answered with it', 'Confidence', 'Abstained', 'Accuracy where it is true, by feedback'],
        Object.entries(by_label).map(([label, of]) => [
          label,
          whole(of.pictures),
          share(of.mean_confidence),
          whole(of.abstained),
          accuracyText(of.measured),
        ]),
      )}
    </section>`,
    Object.keys(report.errors_by_code).length + Object.keys(refused_pictures).length === 0
      ? html``
      : html`<section class="card">
          <h2>Not answered</h2>
          ${table(
            ['Code', 'Times'],
            Object.entries({ ...report.errors_by_code, ...refused_pictures }).map(([code, times]) => [
              html`<code>${code}</code>`,
              times,
            ]),
          )}
        </section>`,
    html`<section class="card">
      <h2>How to read this</h2>
      <p class="dim">
        Accuracy by feedback is that of the pictures whose true label somebody sent, with the range in which it lies
        with 95 % confidence; pictures that people correct are often the difficult ones. The mean confidence needs no
        labels: of a model whose confidences are calibrated, and of pictures like those it was calibrated with, it is
        the expected accuracy. The p95 is read off a histogram, within its bucket. A process that starts anew loses what
        it counted after the step before.
      </p>
    </section>`,
  ];
}

function timeline(report: ProductionReport): Html {
  const { timeline: moments, total_requests, errors, mean_confidence, measured } = report;
  const ticks = ticksOf(moments.map(({ at }) => at));
  const rounded = (value: number) => whole(Math.round(value));
  const percent = (value: number) => `${Math.round(value * 100)} %`;
  const confidences = moments.flatMap((moment) => moment.mean_confidence ?? []);
  return html`<section class="card charts">
    ${lineChart({
      title: 'Requests in each step',
      figure: whole(total_requests),
      values: moments.map(({ requests }) => requests),
      least: [0, 1],
      format: rounded,
      ticks,
    })}
    ${lineChart({
      title: 'Errors in each step',
      figure: whole(errors),
      values: moments.map((moment) => moment.errors),
      least: [0, 1],
      format: rounded,
      ticks,
    })}
    ${lineChart({
      title: 'Latency, p95',
      figure: p95Text(report),
      values: moments.map(({ p95_latency_ms }) => p95_latency_ms),
      least: [0, 50],
      format: (value) => ms(value),
      ticks,
    })}
    ${lineChart({
      title: 'Mean confidence',
      figure: share(mean_confidence),
      values: moments.map((moment) => moment.mean_confidence),
      least: [Math.min(0.9, ...confidences), 1],
      format: percent,
      ticks,
    })}
    ${
      measured.answered === 0
        ? ''
        : lineChart({
            title: 'Pictures with feedback',
            figure: whole(measured.answered),
            values: moments.map(({ feedback }) => feedback),
            least: [0, 1],
            format: rounded,
            ticks,
          })
    }
    ${
      measured.answered === 0
        ? ''
        : lineChart({
            title: 'Wrong by feedback',
            figure: whole(measured.answered - measured.correct),
            values: moments.map(({ feedback, correct }) => feedback - correct),
            least: [0, 1],
            format: rounded,
            ticks,
          })
    }
  </section>`;
}

function ofSimulation(report: SimulationReport, isAlone: boolean): Html[] {
  const { accuracy_by_label, models, requests, photos } = report;
  const mistakes = requests.filter(({ correct }) => !correct);
  const facts = html`<p class="dim">
    ${minute(report.started_at)} UTC, photographs of <code>${photos}</code> to <code>${report.url}</code>
  </p>`;
  return [
    html`<section class="card">
      ${isAlone ? html`<h1>Simulation</h1>` : html`<h2>Simulation</h2>`} ${facts}
      <dl class="figures">
        ${figure('requests', whole(report.total_requests))} ${figure('no answer', report.errors, 'bad')}
        ${figure('accuracy', share(report.accuracy))} ${figure('mean confidence', share(report.mean_confidence))}
        ${figure('latency, mean', ms(report.mean_latency_ms))} ${figure('latency, p95', ms(report.p95_latency_ms))}
      </dl>
      ${table(
        ['', 'Accuracy', 'Right', 'Answered'],
        [
          ...Object.entries(accuracy_by_label).map(([label, of]) => [
            label,
            share(of.accuracy),
            of.correct,
            of.answered,
          ]),
          ...models.map((of) => [`version ${of.version}`, share(of.accuracy), of.correct, of.answered]),
        ],
      )}
    </section>`,
    mistakes.length === 0
      ? html``
      : html`<section class="card">
          <h2>Not right in the simulation <span class="number">${mistakes.length}</span></h2>
          ${table(
            ['File', 'True', 'Said', 'Confidence', 'Why'],
            mistakes
              .slice(0, MISTAKES)
              .map(({ file, true_label, predicted_label, confidence, error }) => [
                html`<code>${file}</code>`,
                true_label,
                predicted_label ?? '-',
                share(confidence),
                error === undefined ? '' : `${error.code}: ${error.message}`,
              ]),
          )}
          ${mistakes.length > MISTAKES ? html`<p class="dim">and ${mistakes.length - MISTAKES} more</p>` : ''}
        </section>`,
  ];
}

const STYLE = `${CHART_STYLE}
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 340px), 1fr)); gap: 28px; }
td { white-space: nowrap; }
`;
