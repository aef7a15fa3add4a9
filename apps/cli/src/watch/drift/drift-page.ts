import { CHART_STYLE, columns, lineChart, rows, strip, type Pair } from '../../pages/charts.ts';
import { figure, html, page, type Html } from '../../pages/html.ts';
import { shortDigest, span } from '../../terminal/text.ts';
import { minute, share, ticksOf, whole } from '../words.ts';
import type { DriftReport, StatisticReport } from './drift-report.ts';
import { binText, describe, directions, evidenceText, overSince, QUIET } from './words.ts';

/** The report as one HTML page that needs nothing else: no script, no file, no network, and no picture. Pure. */
export function renderDriftPage(report: DriftReport): string {
  return page(
    `Drift of ${report.model}`,
    [header(report), over(report), moved(report), distributions(report), reading(report)],
    STYLE,
  );
}

/** Tone and words of what the whole report comes to. */
function verdictOf(report: DriftReport): readonly [tone: string, words: string] {
  const { alarm, first_alarm, pictures } = report;
  const since = `The alarm was first at ${minute(first_alarm ?? '')}.`;
  const over = overSince(report);
  if (alarm && over !== undefined)
    return [
      'warn',
      `Pictures look like those of the reference again since ${minute(over)}. ${since} It lasts up to a day longer.`,
    ];
  if (alarm) return ['bad', `Pictures are no longer like those of the reference. ${since}`];
  if (first_alarm !== null) return ['warn', `Pictures are like those of the reference again. ${since}`];
  if (pictures === 0) return ['warn', 'There were no pictures in this period.'];
  return ['good', 'Pictures are like those of the reference, as far as can be told.'];
}

function header(report: DriftReport): Html {
  const { model, version, digest, since, until, step_seconds, alarm, first_alarm } = report;
  const [tone, words] = verdictOf(report);
  return html`<header>
    <h1>Drift of ${model} ${version}</h1>
    <p class="dim">
      ${minute(since)} to ${minute(until)} UTC, in steps of ${span(step_seconds * 1000)}; bundle
      <code>${shortDigest(digest)}</code>
    </p>
    <p class="verdict ${tone}">${words}</p>
    ${report.warnings.map((warning) => html`<p class="verdict warn">${warning}</p>`)}
    <dl class="figures">
      ${figure('pictures', whole(report.pictures))}
      ${figure('evidence at the end', power(report.evidence), alarm ? 'bad' : '')}
      ${figure('evidence at most', power(report.highest_evidence), first_alarm === null ? '' : 'bad')}
      ${figure('statistics that moved', report.moved.length, 'bad')}
    </dl>
  </header>`;
}

/** Evidence as a power of ten. */
const power = (log10: number): Html => {
  const [base = '', exponent = ''] = evidenceText(log10).split('^');
  return exponent === '' ? html`${base}` : html`${base}<sup>${exponent}</sup>`;
};

/** What is beyond it is drawn at the top, so that the alarm stays in sight; powers of ten. */
const TOP = 12;

function over({ evidence_by_step, evidence, pictures_by_step, pictures, alarm_evidence, at }: DriftReport): Html {
  const ticks = ticksOf(at);
  return html`<section class="card pair">
    ${lineChart({
      title: 'Evidence of drift, all statistics together',
      figure: evidenceText(evidence) === 'none' ? 'none' : power(evidence),
      values: evidence_by_step.map((value) => Math.min(TOP, Math.max(0, value))),
      least: [0, TOP],
      format: (value) => (value === 0 ? '1' : power(value)),
      limit: { value: alarm_evidence, name: 'alarm' },
      ticks,
    })}
    ${lineChart({
      title: 'Pictures in each step',
      figure: whole(pictures),
      values: pictures_by_step,
      least: [0, 1],
      format: (value) => whole(Math.round(value)),
      ticks,
    })}
  </section>`;
}

/** What moved, with what it means; nothing where nothing did. */
function moved({ moved: names, statistics, meaning }: DriftReport): Html {
  if (names.length === 0) return html``;
  const moving = names.flatMap((name) => statistics.filter((statistic) => statistic.name === name));
  return html`<section class="card">
      <h2>What it probably means</h2>
      <ul class="meaning">
        ${meaning.map(
          ({ statistics: of, says, check }) =>
            html`<li>
              <strong>${says}</strong> ${of.map((name) => html`<span class="pill">${name}</span>`)}
              <p class="dim">Look at ${check}.</p>
            </li>`,
        )}
      </ul>
      <p class="dim">These are usual causes of such movements, not proofs.</p>
    </section>
    <section class="card">
      <h2>What moved, the first one first</h2>
      <div class="scroll">
        <table class="moved">
          <thead>
            <tr>
              <th>Statistic</th>
              <th>First at</th>
              <th>Since about</th>
              <th>Until</th>
              <th>Which way</th>
              <th class="right">Moved</th>
              <th class="right">Evidence</th>
              <th class="over">Evidence over the period</th>
            </tr>
          </thead>
          <tbody>
            ${moving.map(
              (statistic) =>
                html`<tr>
                  <td>${statistic.name}</td>
                  <td class="time">${minute(statistic.first_moved ?? '')}</td>
                  <td class="time">${minute(statistic.changed_at ?? '')}</td>
                  <td class="time">${statistic.ended_at === null ? 'now' : minute(statistic.ended_at)}</td>
                  <td>${statistic.direction === null ? '' : directions[statistic.direction]}</td>
                  <td class="right">${share(statistic.distance)}</td>
                  <td class="right">${power(statistic.highest_evidence)}</td>
                  <td class="over">${strip(statistic.evidence_by_step.map(classOf))}</td>
                </tr>`,
            )}
          </tbody>
        </table>
      </div>
      <p class="legend dim">
        <span class="key e1"></span> from 100 <span class="key e2"></span> alarm, from 1,000
        <span class="key e3"></span> from 1,000,000,000
      </p>
    </section>`;
}

const classOf = (evidence: number): string =>
  evidence >= 9 ? 'e3' : evidence >= 3 ? 'e2' : evidence >= QUIET ? 'e1' : '';

function distributions({ statistics, moved: names }: DriftReport): Html {
  const order = (name: string) => (names.includes(name) ? names.indexOf(name) : names.length);
  const sorted = statistics.toSorted((a, b) => order(a.name) - order(b.name));
  return html`<section class="card">
    <h2>Then and now</h2>
    <p class="legend dim">
      <span class="key then"></span> the reference of the bundle <span class="key now"></span> now: since the change
      where there was one, otherwise the whole period
    </p>
    <div class="panels">${sorted.map(panel)}</div>
  </section>`;
}

function panel(statistic: StatisticReport): Html {
  const { name, bins, direction, first_moved, shown_pictures, shown_from, shown_until, reference_pictures } = statistic;
  const pairs = bins.map((bin): Pair => ({ name: binText(name, bin), then: bin.reference_share, now: bin.share }));
  const isOrdered = bins.some(({ from, to }) => from !== null || to !== null);
  return html`<section class="panel">
    <h3>
      ${name}
      ${first_moved === null || direction === null ? '' : html`<span class="pill bad">${directions[direction]}</span>`}
    </h3>
    <p class="dim">${describe(name)}</p>
    ${
      isOrdered
        ? html`${columns(pairs)}
            <div class="ends dim"><span>${pairs[0]?.name ?? ''}</span><span>${pairs.at(-1)?.name ?? ''}</span></div>`
        : rows(pairs)
    }
    <details>
      <summary class="dim">
        ${shown_pictures === 0 ? 'no pictures' : `${whole(shown_pictures)} pictures`}, ${whole(reference_pictures)} in
        the reference
      </summary>
      <p class="dim">${minute(shown_from)} to ${minute(shown_until)}</p>
      <table>
        <thead>
          <tr>
            <th>Bin</th>
            <th class="right">Then</th>
            <th class="right">Now</th>
          </tr>
        </thead>
        <tbody>
          ${pairs.map(
            ({ name: text, then, now }) =>
              html`<tr>
                <td>${text}</td>
                <td class="right">${share(then)}</td>
                <td class="right">${share(now)}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </details>
  </section>`;
}

const reading = ({ alarm_evidence }: DriftReport): Html =>
  html`<section class="card">
    <h2>How to read this</h2>
    <p class="dim">
      Every picture that was answered is counted into a bin of each statistic; the pictures themselves are not kept. The
      evidence says how much better a change explains the counts than the reference does, with all that its size and a
      tolerance leave open. Without drift, all statistics together reach ${whole(10 ** alarm_evidence)} in at most one
      of 1,000 hours on average, however often one looks; that holds for the line above, not for each statistic of its
      own. Drift says that pictures or answers have changed, not that answers are wrong: what is true, only labels tell.
    </p>
  </section>`;

const STYLE = `${CHART_STYLE}
h3 { font-size: 15px; margin: 0; }
.verdict { border-left: 4px solid var(--line); padding: 8px 14px; background: var(--card); margin-top: 12px; }
.verdict.bad { border-color: var(--bad); } .verdict.good { border-color: var(--good); } .verdict.warn { border-color: var(--warn); }
:root { --warn: light-dark(#b26a00, #f0b35a); --e1: light-dark(#f3d9a4, #6b5426); --e2: light-dark(#e58a5c, #c0653a); --e3: light-dark(#b93a32, #ff8a80); }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 380px), 1fr)); gap: 24px; }
.meaning { margin: 0 0 8px; padding-left: 20px; } .meaning li { margin-bottom: 8px; } .meaning p { margin: 2px 0 0; }
.moved .over { min-width: 220px; width: 40%; padding-right: 0; vertical-align: middle; } .moved .time { white-space: nowrap; font-variant-numeric: tabular-nums; }
.strip .e1, .key.e1 { fill: var(--e1); background: var(--e1); } .strip .e2, .key.e2 { fill: var(--e2); background: var(--e2); }
.strip .e3, .key.e3 { fill: var(--e3); background: var(--e3); } .key.then { background: var(--then); } .key.now { background: var(--accent); }
.legend { font-size: 13px; margin: 8px 0; } .key { display: inline-block; width: 12px; height: 12px; border-radius: 3px; vertical-align: -1px; margin: 0 4px 0 12px; }
.key:first-child { margin-left: 0; }
td.right { white-space: nowrap; } sup { font-size: .65em; line-height: 0; }
.panels { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 250px), 1fr)); gap: 24px; }
.panel { min-width: 0; } .panel p { font-size: 13px; margin: 0 0 8px; min-height: 2.8em; } .panel details p { min-height: 0; }
.ends { display: flex; justify-content: space-between; font-size: 12px; padding-top: 4px; } summary { font-size: 13px; cursor: pointer; padding-top: 6px; }
.panel details table { font-size: 13px; overflow-wrap: anywhere; }
`;
