import { NEITHER, sizeOfFiles, type FirstStageSpec, type Manifest } from '@pawl/shared/bundle/manifest';
import { describeInput } from './describe-input.ts';
import { withName } from './labels.ts';
import { describeAbstain } from './describe-abstain.ts';
import { formatValue, type GraphDescription } from './onnx/describe-graph.ts';
import { bytes, count, shortDigest } from '../terminal/text.ts';
import type { Cell } from '../terminal/table.ts';
import type { Theme } from '../terminal/theme.ts';
import type { BundleDescription } from './describe-bundle.ts';
import { figure } from './diff/metrics.ts';
import { readerNames } from './reader-names.ts';
import { indented, renderFields, section, type Field } from '../terminal/render-page.ts';

/** The page of `pawl inspect`. */
export function renderBundle(description: BundleDescription, theme: Theme): readonly string[] {
  const { manifest } = description;
  const { name, version, description: about, metrics, lineage, golden, files } = manifest;
  return [
    theme.paint('strong', `${name} ${version}`),
    ...(about === undefined ? [] : renderFields([['', about]], theme).map((line) => line.trimStart())),
    '',
    ...renderFields(identityOf(description, theme), theme),
    ...renderReaders(description, theme),
    ...section('Model', renderFields(modelFields(description), theme), theme),
    ...section(
      'Metrics',
      indented({ rows: Object.entries(metrics).map(([metric, value]) => [metric, figure(value)]) }, theme),
      theme,
    ),
    ...section('Lineage', renderFields(Object.entries(lineage), theme), theme),
    ...section(
      `Golden images (within ${figure(golden.tolerance)} of these probabilities)`,
      indented(
        {
          header: ['LABEL', 'EXPECTED', 'IMAGE'],
          rows: golden.images.map(({ file, label, probabilities, abstained }) => [
            abstained === true ? `${NEITHER}, ${label}` : label,
            (probabilities[label] ?? 0).toFixed(4),
            file.replace(/^golden\//, ''),
          ]),
        },
        theme,
      ),
      theme,
    ),
    ...section(
      'Files',
      indented(
        {
          header: ['SHA256', 'SIZE', 'PATH'],
          rows: files.map(({ path, size, sha256 }) => [
            shortDigest(sha256).slice('sha256:'.length),
            bytes(size).padStart(8),
            path,
          ]),
        },
        theme,
      ),
      theme,
    ),
  ];
}

/** What others read of it, where something was attached to its image. */
function renderReaders({ readers = [] }: BundleDescription, theme: Theme): readonly string[] {
  const signs = { pass: theme.symbols.pass, fail: theme.symbols.fail, skipped: theme.symbols.dash };
  const tones = { pass: 'good', fail: 'bad', skipped: 'dim' } as const;
  const rows = readers.map(({ kind, artifactType, outcome, detail }) => {
    const name = kind === 'other' ? artifactType : readerNames[kind];
    return [{ text: signs[outcome], tone: tones[outcome] }, name, detail];
  });
  return rows.length === 0 ? [] : section('Read by others', indented({ rows }, theme), theme);
}

function identityOf(description: BundleDescription, theme: Theme): readonly Field[] {
  const { uri, pinnedUri, digest, signature, manifest } = description;
  const states: Readonly<Record<BundleDescription['signature'], Cell>> = {
    checked: { text: `${theme.symbols.pass} by the given key`, tone: 'good' },
    present: 'there is one, not checked; --key PUBLIC.pem checks it',
    none: { text: 'none', tone: 'warn' },
  };
  return [
    ['address', uri],
    ...(pinnedUri === undefined ? [] : [['points to', pinnedUri.slice(pinnedUri.indexOf('@') + 1)] as const]),
    ['digest', digest],
    ['signature', states[signature]],
    ['size', `${bytes(sizeOfFiles(manifest.files))} in ${count(manifest.files.length, 'file')}`],
  ];
}

function modelFields({ manifest, graph, graphProblem }: BundleDescription): readonly Field[] {
  const { labels, labelNames, input, output, abstain, firstStage } = manifest;
  return [
    ['labels', labels.map((label) => withName(label, labelNames)).join(', ')],
    ['input', describeInput(input)],
    ['output', describeOutput(output, labels)],
    ['abstains', abstain === undefined ? 'never' : `below ${figure(abstain.threshold)} of ${describeAbstain(abstain)}`],
    ...(firstStage === undefined ? [] : [['first asked', describeFirstStage(firstStage)] as const]),
    ...(graph === undefined ? [] : graphFields(graph)),
    ...(graphProblem === undefined ? [] : ([['graph', { text: graphProblem, tone: 'warn' }]] as const)),
  ];
}

function graphFields(graph: GraphDescription): readonly Field[] {
  const operators = Object.entries(graph.operators);
  const nodes = operators.reduce((sum, [, number]) => sum + number, 0);
  const parameters =
    graph.parameters >= 1e6 ? `${(graph.parameters / 1e6).toFixed(1)} million` : String(graph.parameters);
  const most = operators.slice(0, 8).map(([operator, number]) => `${operator} ${number}`);
  const rest = operators.length - most.length;
  return [
    [
      'graph',
      `opset ${graph.opset}, ${nodes} nodes, ${parameters} values${graph.producer === '' ? '' : `, by ${graph.producer}`}`,
    ],
    ['graph in', graph.inputs.map((value) => `${value.name}: ${formatValue(value)}`).join('; ')],
    ['graph out', graph.outputs.map((value) => `${value.name}: ${formatValue(value)}`).join('; ')],
    ['operators', most.join(', ') + (rest > 0 ? ` and ${rest} more kinds` : '')],
  ];
}

/** `first.onnx (image: uint8 NHWC, 160 x 160, fill, lanczos3), answers from a margin of 3 on`. */
function describeFirstStage({ model, input, sure, known }: FirstStageSpec): string {
  const knows = known === undefined ? '' : ` and ${figure(known.threshold)} of ${known.output}`;
  return `${model} (${describeInput(input)}), answers from a margin of ${figure(sure)}${knows} on`;
}

/** `logit: one logit; dog from 0.5 on`. */
function describeOutput(output: Manifest['output'], labels: readonly string[]): string {
  switch (output.kind) {
    case 'binary-logit':
      return `${output.name}: one logit; ${labels[1] ?? ''} from probability ${figure(output.threshold)} on`;
    case 'binary-probability':
      return `${output.name}: one probability; ${labels[1] ?? ''} from ${figure(output.threshold)} on`;
    case 'softmax-logits':
      return `${output.name}: ${labels.length} logits, softmax`;
    case 'probabilities':
      return `${output.name}: ${labels.length} probabilities`;
  }
}
