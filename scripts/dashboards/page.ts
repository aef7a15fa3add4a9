import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import { toSvg } from '../../apps/cli/src/ml/charts/render.ts';
import { FONT, INK, LINE, pixelWidthOf, QUIET } from '../../apps/cli/src/ml/charts/style.ts';
import type { ClassicDashboard } from '../../monitoring/src/dashboards/classic.ts';
import { panelChart, type Point, thresholdColour } from './panel-chart.ts';
import { inUnit } from './values.ts';

/** Pixels of a column and of a row of Grafana's grid, of the gaps, and of the page's head. */
const COLUMN = 60;
const ROW = 34;
const GAP = 8;
const HEAD = 64;
const WIDTH = 24 * COLUMN + 2 * GAP;
const TITLE = 26;
const LARGEST_FIGURE = 30;

/** What a panel shows: the data of its queries. */
export type DataOf = (panel: Panel) => readonly Point[];

/** What is seen of a dashboard before a row is opened, as SVG. @param moments times of annotations by their colour. */
export async function drawPage(
  dashboard: ClassicDashboard,
  dataOf: DataOf,
  moments: ReadonlyMap<string, readonly number[]>,
): Promise<string> {
  const panels = (dashboard.panels ?? []).filter((panel): panel is Panel => panel.type !== 'row');
  const bottom = Math.max(...panels.map(({ gridPos }) => (gridPos?.y ?? 0) + (gridPos?.h ?? 0)));
  const height = HEAD + bottom * ROW + GAP;
  const parts: string[] = [];
  for (const panel of panels) parts.push(await drawPanel(panel, dataOf(panel), moments));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" font-family="${FONT}">`,
    `<rect width="100%" height="100%" fill="#f4f5f5"/>`,
    text(dashboard.title ?? '', { x: 16, y: 30, size: 20, weight: 'bold' }),
    text(dashboard.description ?? '', { x: 16, y: 50, size: 12, colour: QUIET }),
    ...parts,
    '</svg>',
  ].join('\n');
}

async function drawPanel(
  panel: Panel,
  points: readonly Point[],
  moments: ReadonlyMap<string, readonly number[]>,
): Promise<string> {
  const { x, y, w, h } = panel.gridPos ?? { x: 0, y: 0, w: 8, h: 8 };
  const [left, top] = [GAP + x * COLUMN + GAP / 2, HEAD + y * ROW + GAP / 2];
  const [width, height] = [w * COLUMN - GAP, h * ROW - GAP];
  const body =
    points.length === 0
      ? text(panel.fieldConfig?.defaults.noValue ?? 'No data', {
          x: width / 2,
          y: height / 2 + 12,
          size: 16,
          colour: QUIET,
          anchor: 'middle',
        })
      : panel.type === 'stat'
        ? drawFigure(panel, points, width, height)
        : await drawChart(panel, points, width, height, moments);
  return [
    `<svg x="${left}" y="${top}" width="${width}" height="${height}">`,
    `<rect x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="3" fill="white" stroke="${LINE}"/>`,
    text((panel.title ?? '').replace('$statistic', 'brightness'), { x: 10, y: 18, size: 12, weight: 'bold' }),
    body,
    '</svg>',
  ].join('\n');
}

async function drawChart(
  panel: Panel,
  points: readonly Point[],
  width: number,
  height: number,
  moments: ReadonlyMap<string, readonly number[]>,
): Promise<string> {
  const isOverTime = panel.type === 'timeseries';
  const spec = panelChart(panel, points, width - 12, height - TITLE - 4);
  const marks = isOverTime ? [...moments].flatMap(([colour, times]) => times.map((time) => ({ colour, time }))) : [];
  const svg = await toSvg(marks.length === 0 ? spec : withMarks(spec, marks));
  return svg.replace('<svg ', `<svg x="6" y="${TITLE}" `);
}

/** Annotations as vertical lines. */
function withMarks(
  spec: ReturnType<typeof panelChart>,
  marks: readonly { readonly colour: string; readonly time: number }[],
): ReturnType<typeof panelChart> {
  const { width, height, padding, autosize, background, config, ...rest } = spec as unknown as Record<string, unknown>;
  const layer = 'layer' in rest ? (rest['layer'] as readonly unknown[]) : [rest];
  const rules = marks.map(({ colour, time }) => ({
    data: { values: [{ time }] },
    mark: { type: 'rule', strokeDash: [2, 3], strokeWidth: 1.2, color: colour },
    encoding: { x: { field: 'time', type: 'temporal' } },
  }));
  const frame = { width, height, padding, autosize, background, config };
  return { ...frame, layer: [...layer, ...rules] } as unknown as ReturnType<typeof panelChart>;
}

function drawFigure(panel: Panel, points: readonly Point[], width: number, height: number): string {
  const { textMode } = (panel.options ?? {}) as { readonly textMode?: string };
  const last = points.at(-1);
  const words =
    textMode === 'name'
      ? [...new Set(points.map(({ series }) => series))].join(', ')
      : inUnit(last?.value ?? NaN, panel.fieldConfig?.defaults.unit ?? 'short');
  const colour = textMode === 'name' ? INK : thresholdColour(panel, last?.value ?? NaN);
  const size = Math.min(LARGEST_FIGURE, (LARGEST_FIGURE * (width - 24)) / pixelWidthOf(words, LARGEST_FIGURE));
  return [
    textMode === 'name' ? '' : spark(points, width, height, colour),
    text(words, { x: width / 2, y: height / 2 + 16, size, colour, weight: 'bold', anchor: 'middle' }),
  ].join('\n');
}

/** What the number was before, at the foot of the panel. */
function spark(points: readonly Point[], width: number, height: number, colour: string): string {
  const values = points.map(({ value }) => value);
  const [low, high] = [Math.min(0, ...values), Math.max(...values)];
  const reach = height / 3;
  const at = points.map(({ value }, index) => {
    const x = (index / Math.max(1, points.length - 1)) * width;
    return `${x.toFixed(1)},${(height - 2 - ((value - low) / Math.max(1e-9, high - low)) * reach).toFixed(1)}`;
  });
  return [
    `<polygon points="0,${height} ${at.join(' ')} ${width},${height}" fill="${colour}" opacity="0.15"/>`,
    `<polyline points="${at.join(' ')}" fill="none" stroke="${colour}" stroke-width="1.2" opacity="0.6"/>`,
  ].join('\n');
}

interface TextOptions {
  readonly x: number;
  readonly y: number;
  readonly size: number;
  readonly colour?: string;
  readonly weight?: 'bold';
  readonly anchor?: 'middle';
}

function text(words: string, { x, y, size, colour = INK, weight, anchor }: TextOptions): string {
  const escaped = words.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  const more = `${weight === undefined ? '' : ` font-weight="${weight}"`}${anchor === undefined ? '' : ` text-anchor="${anchor}"`}`;
  return `<text x="${x}" y="${y}" font-size="${size}" fill="${colour}"${more}>${escaped}</text>`;
}
