import { percent } from '../../terminal/text.ts';
import { splits } from './dataset.ts';
import { bars, escapeHtml, figure, html, page, section, table, type Html } from '../../pages/html.ts';
import { pictureOf } from './report-html.ts';
import type { DataReport, ReportedPhotograph } from './report.ts';

/** Entries of one list on the page; report.json has all. */
const ENTRIES = 100;
/** Members of one group on the page. */
const MEMBERS = 8;

/** The photographs whose thumbnails the page shows. */
export function shownPhotographs(report: DataReport): ReportedPhotograph[] {
  return [
    ...('suspects' in report.labelCheck ? report.labelCheck.suspects.slice(0, ENTRIES) : []),
    ...report.conflicts.slice(0, ENTRIES).flatMap((same) => same.slice(0, MEMBERS)),
    ...report.nearDuplicates.slice(0, ENTRIES).flatMap(({ members }) => members.slice(0, MEMBERS)),
    ...report.duplicates.slice(0, ENTRIES).map(({ kept }) => kept),
    ...report.tiny.slice(0, ENTRIES),
  ];
}

/**
 * The report as one HTML page that needs nothing else: no script, no file, no network. Pure.
 *
 * @param thumbnails `data:` address by digest of the raw file, of {@link shownPhotographs}.
 */
export function renderReportPage(report: DataReport, thumbnails: ReadonlyMap<string, string>): string {
  const show = (photograph: ReportedPhotograph, ...notes: readonly Html[]) =>
    pictureOf(thumbnails.get(photograph.digest), photograph, notes);
  return page('Data report', [
    summary(report),
    overview(report),
    concerns(report),
    suspects(report, show),
    conflicts(report, show),
    nearDuplicates(report, show),
    duplicates(report, show),
    section(
      'Unreadable',
      report.unreadable.length,
      'Photographs that the service would refuse with the same code. They are left out.',
      cut(report.unreadable, (shown) =>
        table(
          ['File', 'Code', 'Why'],
          shown.map(({ path, code, message }) => [html`<code>${path}</code>`, html`<code>${code}</code>`, message]),
        ),
      ),
    ),
    section(
      'Tiny',
      report.tiny.length,
      `The shorter side has fewer than ${report.parameters.min_side} pixels (preprocess.min_side). They are left out.`,
      cut(report.tiny, (shown) => html`<div class="wall">${shown.map((photograph) => show(photograph))}</div>`),
    ),
    section(
      'Ignored',
      report.ignored.length,
      'Files that are no photographs of a label.',
      cut(report.ignored, (shown) =>
        table(
          ['File', 'Why'],
          shown.map(({ path, reason }) => [html`<code>${path}</code>`, reason]),
        ),
      ),
    ),
  ]);
}

type ShowPhotograph = (photograph: ReportedPhotograph, ...notes: readonly Html[]) => Html;

/** Before everything else, because nothing else matters as much. */
function concerns({ concerns: found }: DataReport): Html {
  return found.length === 0
    ? html``
    : html`<section class="card">
        <h2>Before you train</h2>
        ${found.map((concern) => html`<p class="problem">${concern}</p>`)}
      </section>`;
}

function summary({ files, raw, layout, hash, problem, parameters }: DataReport): Html {
  const { image_size: size, seed, split_ratios: ratios } = parameters;
  return html`<header>
    <h1>Data report</h1>
    <p class="dim">
      <code>${raw}</code> to ${size} × ${size} pixels,
      ${
        layout.given.length > 0
          ? 'in the splits of its folders'
          : `split ${splits.map((split) => ratios[split]).join(' / ')} with seed ${seed}`
      }
    </p>
    <p class="dim">Layout: ${layout.text}</p>
    ${
      problem === undefined
        ? html`<p class="dim">Data set <code>${hash}</code></p>`
        : html`<p class="problem">
            <strong>No data set was made.</strong> ${problem.message} <code>${problem.code}</code>
          </p>`
    }
    <dl class="figures">
      ${figure('files', files.total)}
      ${figure(problem === undefined ? 'in the data set' : 'usable', files.kept, 'good')}
      ${figure('unreadable', files.unreadable, 'bad')} ${figure('two labels', files.conflicting, 'bad')}
      ${figure('duplicates', files.duplicate)} ${figure('tiny', files.tiny)} ${figure('ignored', files.ignored)}
    </dl>
  </header>`;
}

function overview({ labels, formats, sides }: DataReport): Html {
  const rows = Object.entries(labels).map(([label, counts]) => ({
    label,
    counts,
    total: splits.reduce((sum, split) => sum + counts[split], 0),
  }));
  const sum = (of: (row: (typeof rows)[number]) => number) => rows.reduce((total, row) => total + of(row), 0);
  const all = sum(({ total }) => total);
  const ends = sides.map(({ from }, index) => {
    const next = sides[index + 1]?.from;
    return next === undefined ? `${from} and more` : `${from} – ${next - 1}`;
  });
  return html`<div class="overview">
    <section class="card wide">
      <h2>Labels and splits</h2>
      ${
        rows.length === 0
          ? html`<p class="dim">Nothing was split.</p>`
          : table(
              ['Label', ...splits, 'all', 'share'],
              [
                ...rows.map(({ label, counts, total }) => [
                  label,
                  ...splits.map((split) => counts[split]),
                  total,
                  percent(total / all),
                ]),
                ['all', ...splits.map((split) => sum(({ counts }) => counts[split])), all, percent(1)],
              ],
            )
      }
    </section>
    <section class="card">
      <h2>Formats</h2>
      ${bars(Object.entries(formats))}
    </section>
    <section class="card">
      <h2>Shorter side, pixels</h2>
      ${bars(sides.map(({ count }, index) => [ends[index] ?? '', count]))}
    </section>
  </div>`;
}

function suspects({ labelCheck }: DataReport, show: ShowPhotograph): Html {
  if ('skipped' in labelCheck)
    return section('Mislabelled-looking', undefined, `Not looked for: ${labelCheck.skipped}.`, html``);
  const { model, version, asked, below } = labelCheck;
  return section(
    'Mislabelled-looking',
    labelCheck.suspects.length,
    `${model} ${version} was asked about ${asked} pictures and gives the label of these less than ${below * 100} %. They are in the data set: move a photograph to another folder, or delete it, and prepare again.`,
    cut(
      labelCheck.suspects,
      (shown) =>
        html`<div class="wall">
          ${shown.map((photograph) =>
            show(
              photograph,
              html`<span class="pill bad">${photograph.says} ${(photograph.confidence * 100).toFixed(1)} %</span>`,
            ),
          )}
        </div>`,
    ),
  );
}

const conflicts = (report: DataReport, show: ShowPhotograph) =>
  section(
    'The same picture under two labels',
    report.conflicts.length,
    'One of the labels is wrong, and nothing says which. All of them are left out; delete the wrong ones.',
    cut(report.conflicts, (shown) =>
      groups(
        shown,
        (same) => same,
        (photograph) => show(photograph),
      ),
    ),
  );

const nearDuplicates = (report: DataReport, show: ShowPhotograph) =>
  section(
    'Near-duplicates',
    report.nearDuplicates.length,
    `Groups of photographs whose perceptual hashes differ in at most ${report.parameters.near_duplicate_bits} of 64 bits. They are kept${report.layout.given.length > 0 ? '' : ', and a group never lies in two splits'}.`,
    cut(report.nearDuplicates, (shown) =>
      groups(
        shown,
        ({ members }) => members,
        (photograph) =>
          show(
            photograph,
            photograph.distance === 0 ? html`` : html`<span class="pill">${photograph.distance} bits</span>`,
          ),
        ({ split, mixed, members }) =>
          html`${split === undefined ? '' : html`<span class="pill">${split}</span>`}
          ${isTorn(members) ? html`<span class="pill bad">in more than one split</span>` : ''}
          ${mixed ? html`<span class="pill bad">different labels</span>` : ''}`,
      ),
    ),
  );

/** Whether near-duplicates lie in more than one split. */
const isTorn = (members: readonly ReportedPhotograph[]) => new Set(members.map(({ split }) => split)).size > 1;

const duplicates = (report: DataReport, show: ShowPhotograph) =>
  section(
    'Exact duplicates',
    report.files.duplicate,
    'The same picture several times under one label. One is kept.',
    cut(
      report.duplicates,
      (shown) =>
        html`<div class="wall">
          ${shown.map(({ kept, left }) =>
            show(
              kept,
              ...left.slice(0, MEMBERS).map(({ path }) => html`<span class="path">= ${path}</span>`),
              left.length > MEMBERS ? html`<span class="path dim">and ${left.length - MEMBERS} more</span>` : html``,
            ),
          )}
        </div>`,
    ),
  );

function groups<Group, Member>(
  shown: readonly Group[],
  membersOf: (group: Group) => readonly Member[],
  show: (member: Member) => Html,
  notes: (group: Group) => Html = () => html``,
): Html {
  return html`<div class="groups">
    ${shown.map((group) => {
      const members = membersOf(group);
      const more = members.length - MEMBERS;
      return html`<div class="group">
        <div class="notes">${notes(group)}${more > 0 ? html`<span class="dim">and ${more} more</span>` : ''}</div>
        <div class="wall">${members.slice(0, MEMBERS).map(show)}</div>
      </div>`;
    })}
  </div>`;
}

/** What fits on a page, and a word on the rest. */
function cut<Entry>(entries: readonly Entry[], render: (shown: readonly Entry[]) => Html): Html {
  if (entries.length === 0) return html``;
  const more = entries.length - ENTRIES;
  return html`${render(entries.slice(0, ENTRIES))}
  ${more > 0 ? html`<p class="dim">and ${more} more in ${escapeHtml('report.json')}</p>` : ''}`;
}
