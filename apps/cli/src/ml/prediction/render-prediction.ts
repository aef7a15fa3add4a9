import { renderTable, type Cell } from '../../terminal/table.ts';
import { count, percent, shortDigest } from '../../terminal/text.ts';
import type { Theme } from '../../terminal/theme.ts';
import { NEITHER } from './answer-table.ts';
import type { Prediction } from './predict.ts';

/** Labels that are counted line by line. */
const SHOWN_LABELS = 12;

/** Lines on how many pictures got which answer, and how fast. */
export function renderPrediction(
  { manifest, digest, tally, pictures, kept, seconds }: Prediction,
  out: string | undefined,
  theme: Theme,
): readonly string[] {
  const row = (name: Cell, number: number): readonly Cell[] => [name, String(number), percent(number / pictures)];
  const answered = [...tally.labels].filter(([, number]) => number > 0);
  const labels = answered.length > SHOWN_LABELS ? answered.sort(([, a], [, b]) => b - a) : [...tally.labels];
  const others = labels.slice(SHOWN_LABELS);
  const asked = pictures - kept;
  const rate = seconds > 0 ? `, ${(asked / seconds).toFixed(1)} a second` : '';
  return [
    theme.paint('strong', count(pictures, 'picture')) +
      theme.paint('dim', `  ${manifest.name} ${manifest.version}  ${shortDigest(digest)}`),
    ...renderTable(
      {
        rows: [
          ...labels.slice(0, SHOWN_LABELS).map(([label, number]) => row(label, number)),
          ...(others.length === 0
            ? []
            : [
                row(
                  count(others.length, 'other label'),
                  others.reduce((sum, [, number]) => sum + number, 0),
                ),
              ]),
          ...(manifest.abstain === undefined && tally.neither === 0 ? [] : [row(NEITHER, tally.neither)]),
          ...(tally.unreadable === 0 ? [] : [row({ text: 'unreadable', tone: 'bad' }, tally.unreadable)]),
        ],
      },
      theme,
      '  ',
    ),
    theme.paint('dim', `${asked} in ${seconds.toFixed(1)} s${rate}${kept === 0 ? '' : `; ${kept} by an earlier run`}`),
    ...(out === undefined ? [] : [`rows  ${out}`]),
  ];
}
