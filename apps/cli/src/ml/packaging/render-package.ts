import { sizeOfFiles } from '@pawl/shared/bundle/manifest';
import { formatValue } from '../../bundles/onnx/describe-graph.ts';
import { renderTable } from '../../terminal/table.ts';
import { bytes, count, shortDigest } from '../../terminal/text.ts';
import type { Theme } from '../../terminal/theme.ts';
import { describeInput } from '../../bundles/describe-input.ts';
import { withName } from '../../bundles/labels.ts';
import { nameSome } from './judge-golden.ts';
import type { PackagedModel } from './package-model.ts';

/** Operators, and files that are no golden images, that are named. */
const OPERATORS = 6;
const LEFT_OUT = 20;

/**
 * Lines on what was packaged, what was assumed, and what comes next.
 *
 * @param tryIt command lines that ask and serve it.
 */
export function renderPackage(
  packaged: PackagedModel,
  out: string,
  tryIt: readonly string[],
  theme: Theme,
): readonly string[] {
  const { bundle, graph, assumptions, golden, leftOut, goldenOf, reference, signed } = packaged;
  const { manifest, digest } = bundle;
  const { input, output } = manifest;
  const operators = Object.entries(graph.operators);
  const more = operators.length > OPERATORS ? ` and ${operators.length - OPERATORS} more kinds` : '';
  const values = (list: typeof graph.inputs) => list.map((value) => `${value.name} ${formatValue(value)}`).join('; ');
  return [
    `${theme.paint('strong', `${manifest.name} ${manifest.version}`)}  ${shortDigest(digest)}${signed ? '  signed' : ''}`,
    ...renderTable(
      {
        rows: [
          [
            'graph',
            `opset ${graph.opset}${graph.producer === '' ? '' : `, by ${graph.producer}`}, ${graph.parameters} parameters`,
          ],
          ['inputs', values(graph.inputs)],
          ['outputs', values(graph.outputs)],
          [
            'operators',
            operators
              .slice(0, OPERATORS)
              .map(([name, n]) => `${n} ${name}`)
              .join(', ') + more,
          ],
          ['takes', describeInput(input)],
          [
            'answers',
            `${output.kind} of ${output.name}: ${nameSome(manifest.labels.map((id) => withName(id, manifest.labelNames)))}`,
          ],
          [
            'golden',
            `${count(golden.images.length, 'image')} answered rightly, ${golden.wrong.length + golden.narrow.length} left out`,
          ],
          ...(goldenOf === undefined ? [] : [['', `a few of each label, of ${goldenOf} pictures in the folder`]]),
          [
            'reference',
            reference === undefined
              ? 'none: drift is not watched (--reference FOLDER measures one)'
              : `${count(reference.reference.count, 'picture')}${reference.refused === 0 ? '' : `, ${reference.refused} refused`}`,
          ],
          ['bundle', `${out}  ${bytes(sizeOfFiles(manifest.files))}`],
        ],
      },
      theme,
      '  ',
    ),
    ...(assumptions.length === 0
      ? []
      : [
          '',
          theme.paint('strong', 'The graph does not say, so it was assumed'),
          ...assumptions.map((text) => `  ${text}`),
        ]),
    ...(golden.wrong.length === 0
      ? []
      : [
          '',
          theme.paint('warn', 'Not golden, since the model answers them wrongly'),
          ...golden.wrong.map(({ name, label, answered }) => `  ${name}: ${label}, answered ${answered}`),
        ]),
    ...(golden.narrow.length === 0
      ? []
      : [
          '',
          theme.paint('warn', 'Not golden, since a wrong answer would be within the tolerance'),
          ...golden.narrow.map(({ name, problem }) => `  ${name}: ${problem}`),
        ]),
    ...(leftOut.length === 0
      ? []
      : [
          '',
          theme.paint('warn', 'Not asked about'),
          ...leftOut.slice(0, LEFT_OUT).map(({ name, reason }) => `  ${name}: ${reason}`),
          ...(leftOut.length > LEFT_OUT ? [`  and ${leftOut.length - LEFT_OUT} more`] : []),
        ]),
    '',
    'Next:',
    ...tryIt.map((line) => theme.asCalled(`  ${line}`)),
    theme.asCalled(`  pawl evaluate ${out} --photos FOLDER`),
    theme.asCalled(`  pawl publish ${out} oci://REGISTRY/${manifest.name}:${manifest.version}`),
  ];
}
