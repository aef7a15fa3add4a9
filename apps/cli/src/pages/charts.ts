/**
 * Small charts as parts of a page: SVG without text, which stretches with the page and takes its colours, and HTML around it for
 * what is read. Vega's charts (ml/charts) are pictures of one size and one set of colours.
 */
import { html, type Html } from './html.ts';

/** A line over time. */
export interface Line {
  readonly title: string;
  /** What the line ends at, or another figure that sums it up. */
  readonly figure: Html | string;
  /** One a step; null: nothing to show. */
  readonly values: readonly (number | null)[];
  /** What the axis spans at least. */
  readonly least: readonly [from: number, to: number];
  /** How a value of the axis is written. */
  readonly format: (value: number) => Html | string;
  /** Drawn across, such as a limit. */
  readonly limit?: { readonly value: number; readonly name: string };
  /** Under the axis, from left to right. */
  readonly ticks: readonly string[];
}

/** Height of a plot in its own units; its width is the number of steps. */
const HEIGHT = 100;

/** A line, with its axis as words beside it. */
export function lineChart({ title, figure, values, least, format, limit, ticks }: Line): Html {
  const known = values.filter((value) => value !== null);
  const [from, to] = [Math.min(least[0], ...known), Math.max(least[1], ...known)];
  const y = (value: number) => (HEIGHT * (to - value)) / (to - from || 1);
  const place = (value: number) => `top:${((100 * y(value)) / HEIGHT).toFixed(1)}%`;
  return html`<figure class="chart">
    <figcaption><span>${title}</span> <strong>${figure}</strong></figcaption>
    <div class="plot">
      <span class="axis" style="top:0">${format(to)}</span>
      <span class="axis low">${format(from)}</span>
      <svg viewBox="0 0 ${Math.max(1, values.length - 1)} ${HEIGHT}" preserveAspectRatio="none" aria-hidden="true">
        <path class="line" d="${pathOf(values, y)}" />
      </svg>
      ${limit === undefined ? '' : html`<div class="limit" style="${place(limit.value)}"><span>${limit.name}</span></div>`}
    </div>
    <div class="ticks">${ticks.map((tick) => html`<span>${tick}</span>`)}</div>
  </figure>`;
}

/** A path with a gap wherever nothing is known; what stands alone is a dot. */
function pathOf(values: readonly (number | null)[], y: (value: number) => number): string {
  const parts: string[] = [];
  for (const [x, value] of values.entries()) {
    if (value === null) continue;
    const isFirst = x === 0 || values[x - 1] === null;
    const isAlone = isFirst && (values[x + 1] ?? null) === null;
    parts.push(`${isFirst ? 'M' : 'L'}${x} ${y(value).toFixed(2)}${isAlone ? 'h0' : ''}`);
  }
  return parts.join('');
}

/** A row of the same height in which every step has the look of its class; an empty class shows nothing. */
export function strip(classes: readonly string[]): Html {
  const runs: { readonly name: string; readonly from: number; length: number }[] = [];
  for (const [step, name] of classes.entries()) {
    const run = runs.at(-1);
    if (run?.name === name) run.length += 1;
    else runs.push({ name, from: step, length: 1 });
  }
  return html`<svg class="strip" viewBox="0 0 ${classes.length} 1" preserveAspectRatio="none" aria-hidden="true">
    ${runs
      .filter(({ name }) => name !== '')
      .map(({ name, from, length }) => html`<rect class="${name}" x="${from}" y="0" width="${length}" height="1" />`)}
  </svg>`;
}

/** Two shares of the same thing. */
export interface Pair {
  readonly name: string;
  /** 0..1. */
  readonly then: number;
  /** 0..1; null: nothing to show. */
  readonly now: number | null;
}

/** Pairs of columns side by side, in the order that they have; each says its numbers where the pointer rests. */
export function columns(pairs: readonly Pair[]): Html {
  const most = highest(pairs);
  const column = (name: string, x: number, share: number) =>
    html`<rect
      class="${name}"
      x="${x}"
      y="${(HEIGHT * (1 - share / most)).toFixed(2)}"
      width="4"
      height="${((HEIGHT * share) / most).toFixed(2)}"
    />`;
  return html`<svg
    class="columns"
    viewBox="0 0 ${pairs.length * 10} ${HEIGHT}"
    preserveAspectRatio="none"
    aria-hidden="true"
  >
    ${pairs.map(
      (pair, index) =>
        html`<g>
          <title>${words(pair)}</title>
          <rect class="ground" x="${index * 10}" y="0" width="10" height="${HEIGHT}" />
          ${column('then', index * 10 + 1, pair.then)}${column('now', index * 10 + 5, pair.now ?? 0)}
        </g>`,
    )}
  </svg>`;
}

/** Pairs of bars below each other, with their names. */
export function rows(pairs: readonly Pair[]): Html {
  const most = highest(pairs);
  const bar = (name: string, share: number) =>
    html`<div class="${name}" style="width:${((100 * share) / most).toFixed(1)}%"></div>`;
  return html`<table class="pairs">
    ${pairs.map(
      (pair) =>
        html`<tr title="${words(pair)}">
          <th>${pair.name}</th>
          <td>${bar('then', pair.then)}${bar('now', pair.now ?? 0)}</td>
        </tr>`,
    )}
  </table>`;
}

const highest = (pairs: readonly Pair[]) => Math.max(1e-9, ...pairs.flatMap(({ then, now }) => [then, now ?? 0]));

/** `0.31 to 0.35: 10.0 % then, 21.3 % now`. */
const words = ({ name, then, now }: Pair) =>
  `${name}: ${percent(then)} then, ${now === null ? 'nothing' : percent(now)} now`;

const percent = (share: number) => `${(share * 100).toFixed(1)} %`;

/** Rules for the charts of a page. */
export const CHART_STYLE = `
.chart figcaption { display: flex; justify-content: space-between; gap: 12px; padding: 0 0 6px; font-size: 14px; color: var(--dim); }
.chart figcaption strong { color: var(--text); font-variant-numeric: tabular-nums; text-align: right; }
.plot { position: relative; height: 120px; margin-left: 52px; border-left: 1px solid var(--line); border-bottom: 1px solid var(--line); }
.plot svg { position: absolute; inset: 0; width: 100%; height: 100%; overflow: visible; }
.plot .line { fill: none; stroke: var(--accent); stroke-width: 1.75; stroke-linejoin: round; stroke-linecap: round; vector-effect: non-scaling-stroke; }
.plot .axis { position: absolute; right: calc(100% + 6px); font-size: 12px; color: var(--dim); line-height: 1; white-space: nowrap; font-variant-numeric: tabular-nums; }
.plot .axis.low { bottom: 0; }
.plot .limit { position: absolute; left: 0; right: 0; border-top: 1px dashed var(--bad); }
.plot .limit span { position: absolute; right: 0; bottom: 1px; font-size: 12px; color: var(--bad); }
.ticks span { white-space: nowrap; }
.ticks { display: flex; justify-content: space-between; margin-left: 52px; padding-top: 4px; font-size: 12px; color: var(--dim); font-variant-numeric: tabular-nums; }
.strip { display: block; width: 100%; height: 14px; background: var(--back); border-radius: 3px; }
.columns { display: block; width: 100%; height: 90px; border-bottom: 1px solid var(--line); }
.columns .ground { fill: transparent; } .columns g:hover .ground { fill: var(--back); }
.columns .then { fill: var(--then); } .columns .now { fill: var(--accent); }
.pairs .then, .pairs .now { height: 7px; border-radius: 2px; margin: 1px 0; } .pairs .then { background: var(--then); }
.pairs .now { background: var(--accent); } .pairs tr { border: 0; }
.pairs th { width: 1%; font-size: 13px; padding: 3px 10px 3px 0; max-width: 140px; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.pairs td { padding: 3px 0; vertical-align: middle; }
:root { --then: light-dark(#b9c0cb, #59616e); }
`;
