import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Config, TopLevelSpec } from 'vega-lite';
import { FONT, INK, LINE, QUIET, pixelWidthOf } from './style.ts';

/** Pixels of the PNG for each unit of the chart: sharp on a screen of high density and in a document. */
const ZOOM = 2;

/** What all charts share. */
const config: Config = {
  background: 'white',
  padding: 20,
  font: FONT,
  title: {
    anchor: 'start',
    fontSize: 16,
    color: INK,
    subtitleColor: QUIET,
    subtitleFontSize: 12,
    subtitlePadding: 6,
    offset: 14,
  },
  axis: {
    labelFontSize: 11,
    titleFontSize: 12,
    titleFontWeight: 'normal',
    labelColor: INK,
    titleColor: INK,
    gridColor: LINE,
    domainColor: QUIET,
    tickColor: QUIET,
    titlePadding: 8,
    labelLimit: 0,
  },
  legend: {
    labelFontSize: 12,
    titleFontSize: 12,
    titleFontWeight: 'normal',
    labelColor: INK,
    titleColor: INK,
    labelLimit: 0,
  },
  view: { stroke: LINE },
};

/** What Vega measures letters by; its types leave it out. */
interface TextMetrics {
  width: (item: { readonly text?: unknown; readonly fontSize?: number }, shown?: unknown) => number;
}

/** A chart as SVG. Vega is loaded by the first chart: that takes a third of a second. */
export async function toSvg(spec: TopLevelSpec): Promise<string> {
  // One after the other: the second is made of parts of the first.
  const vega = await import('vega');
  const { compile } = await import('vega-lite');
  // Vega's own estimate is a third too wide, and a canvas that happens to be installed would move everything.
  const { textMetrics } = vega as unknown as { readonly textMetrics: TextMetrics };
  textMetrics.width = ({ text, fontSize = 11 }, shown = text) => pixelWidthOf(String(shown), fontSize);
  const view = new vega.View(vega.parse(compile(spec, { config }).spec), { renderer: 'none' });
  try {
    return await view.toSVG();
  } finally {
    view.finalize();
  }
}

/**
 * An SVG as PNG, `zoom` times as large. Letters come from the DejaVu fonts that are installed with Pawl and from nowhere
 * else, so that the same chart has the same bytes on every machine.
 */
export async function toPng(svg: string, zoom = ZOOM): Promise<Uint8Array> {
  const { Resvg } = await import('@resvg/resvg-js');
  const fonts = join(dirname(createRequire(import.meta.url).resolve('dejavu-fonts-ttf/package.json')), 'ttf');
  const drawn = new Resvg(svg, {
    fitTo: { mode: 'zoom', value: zoom },
    background: 'white',
    font: {
      loadSystemFonts: false,
      fontFiles: [join(fonts, 'DejaVuSans.ttf'), join(fonts, 'DejaVuSans-Bold.ttf')],
      defaultFontFamily: FONT,
      sansSerifFamily: FONT,
    },
  });
  return new Uint8Array(drawn.render().asPng());
}

/** A chart as PNG. */
export async function draw(spec: TopLevelSpec): Promise<Uint8Array> {
  return toPng(await toSvg(spec));
}
