import { sizeOfFiles } from '@pawl/shared/bundle/manifest';
import { renderTable } from '../../terminal/table.ts';
import { bytes, count, percent, shortDigest } from '../../terminal/text.ts';
import type { Theme } from '../../terminal/theme.ts';
import { curveLines } from '../stages/render-curve.ts';
import type { Cascade } from './make-cascade.ts';

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
