import { sizeOfFiles } from '@pawl/shared/bundle/manifest';
import { indented } from '../../terminal/render-page.ts';
import { renderTable, type Cell } from '../../terminal/table.ts';
import { bytes, count, percent, shortDigest } from '../../terminal/text.ts';
import type { Theme } from '../../terminal/theme.ts';
import { isLoss } from './curve.ts';
import type { Cascade } from './make-cascade.ts';
import type { StagesReport } from './measure-stages.ts';

/** Lines on a bundle of two graphs: the curve, what was chosen, and what comes next. */
export function renderCascade(cascade: Cascade, out: string, theme: Theme): readonly string[] {
  const { bundle, firstStage, chosen, golden, close, signed } = cascade;
  const { manifest, digest } = bundle;
  const knows =
    firstStage.known === undefined ? '' : ` and ${firstStage.known.threshold.toFixed(3)} of ${firstStage.known.output}`;
  return [
    ...curveLines(cascade.report, theme),
    '',
    `${theme.paint('strong', `${manifest.name} ${manifest.version}`)}  ${shortDigest(digest)}${signed ? '  signed' : ''}`,
    ...renderTable(
      {
        rows: [
          [
            'answers first',
            `from a margin of ${chosen.sure}${knows} on: ${percent(1 - chosen.passedOn)} of the pictures`,
          ],
          [
            'golden',
            `${count(golden.images.length, 'image')}, ${count(close.length, 'other')} too close to the margin`,
          ],
          ['bundle', `${out}  ${bytes(sizeOfFiles(manifest.files))}`],
        ],
      },
      theme,
      '  ',
    ),
    '',
    'Next:',
    theme.asCalled(`  pawl evaluate ${out} --photos FOLDER`),
    ...(signed ? [] : [theme.asCalled(`  pawl sign ${out} --key KEY.pem`)]),
    theme.asCalled(`  pawl publish ${out} oci://REGISTRY/${manifest.name}:${manifest.version}`),
  ];
}

/** Lines of a table on what two stages do from each whole margin on, the one that holds among them. */
export function curveLines({ curve, sure: chosen, pictures, finalAccuracy, costs }: StagesReport, theme: Theme) {
  const points = curve.filter(({ sure }) => sure === chosen || Number.isInteger(sure));
  const rows = points.map((point): readonly Cell[] => {
    const { sure, passedOn, accuracy, fixed, broken, p, ms } = point;
    const isChosen = sure === chosen;
    return [
      isChosen ? { text: `${theme.symbols.pass} ${sure}`, tone: 'good' } : `  ${sure}`,
      percent(passedOn),
      accuracy.toFixed(4),
      String(fixed),
      String(broken),
      isLoss(point) ? { text: `${p.toFixed(3)} a loss`, tone: 'warn' } : p.toFixed(3),
      ms.toFixed(1),
    ];
  });
  return [
    theme.paint('strong', 'Two stages') +
      theme.paint('dim', `  on ${count(pictures, 'picture')}; fixed and broken are against the final stage alone`),
    ...indented(
      {
        header: ['margin', 'passed on', 'accuracy', 'fixed', 'broken', 'p', 'ms'],
        rows: [...rows, ['  final alone', percent(1), finalAccuracy.toFixed(4), '', '', '', costs.final.toFixed(1)]],
      },
      theme,
    ),
  ];
}
