import { bytes, percent, plain, shortDigest, wrap } from '../../terminal/text.ts';
import type { Cell } from '../../terminal/table.ts';
import type { Theme } from '../../terminal/theme.ts';
import type { AnswerComparison } from './compare-answers.ts';
import type { FieldChange, ManifestComparison } from './compare-manifests.ts';
import { figure, verdictCell } from './metrics.ts';
import { changesOf } from './paired.ts';
import { indented, pageWidth, renderFields, section, type Field } from '../../terminal/render-page.ts';

/** The page of `pawl diff`. */
export function renderComparison(
  comparison: ManifestComparison,
  answers: AnswerComparison | undefined,
  theme: Theme,
): readonly string[] {
  const { before, after, change, metrics, labels, contract, lineage, golden } = comparison;
  const { arrow } = theme.symbols;
  const title = (side: typeof before) => `${side.name} ${side.version}`;
  const both = (of: (side: typeof before) => string): readonly Cell[] => [of(before), of(after)];
  return [
    theme.paint('strong', `${title(before)} ${arrow} ${title(after)}`),
    ...renderFields(
      [
        ['change', `${change.change}: ${change.reason}; demands ${change.version} or higher`],
        ['from', before.uri],
        ['to', after.uri],
      ],
      theme,
    ),
    '',
    ...indented(
      {
        header: ['', title(before), title(after), ''],
        rows: [
          ['digest', ...both(({ digest }) => shortDigest(digest)), before.digest === after.digest ? 'the same' : ''],
          ['signed', ...both(({ signed }) => (signed ? 'yes' : 'no')), ''],
          ['size', ...both((side) => bytes(side.bytes)), ratio(before.bytes, after.bytes)],
          ['graph', ...both((side) => bytes(side.modelBytes)), ratio(before.modelBytes, after.modelBytes)],
          ...metrics.map((metric): readonly Cell[] => [
            metric.name,
            figure(metric.before),
            figure(metric.after),
            verdictCell(metric, theme),
          ]),
        ],
      },
      theme,
    ),
    ...section('Labels', renderFields(labelFields(labels), theme), theme),
    ...section('Input, output, abstaining', renderChanges(contract, theme), theme),
    ...section('Lineage', renderChanges(lineage, theme), theme),
    ...section('Golden images', renderGolden(golden, theme), theme),
    ...(answers === undefined
      ? []
      : section(`Answers to ${answers.count} test pictures`, renderAnswers(answers, theme), theme)),
  ];
}

function labelFields({ added, removed, reordered }: ManifestComparison['labels']): readonly Field[] {
  return [
    ...(added.length === 0 ? [] : [['added', { text: added.join(', '), tone: 'good' }] as const]),
    ...(removed.length === 0 ? [] : [['removed', { text: removed.join(', '), tone: 'bad' }] as const]),
    ...(reordered ? [['order', { text: 'the same labels in another order', tone: 'bad' }] as const] : []),
  ];
}

/** `+ new`, `- gone`, short changes on one line, long ones below each other; nothing is cut. */
function renderChanges(changes: readonly FieldChange[], theme: Theme): readonly string[] {
  const { arrow } = theme.symbols;
  const width = pageWidth(theme);
  return changes.flatMap(({ field, before, after }) => {
    if (before !== undefined && after !== undefined) {
      const text = `${plain(before)} ${arrow} ${plain(after)}`;
      if (field.length + text.length + 6 <= width) return [`  ~ ${theme.paint('dim', field)}  ${text}`];
    }
    const lines = (sign: string, value: string) =>
      wrap(`${field}  ${value}`, width - 6).map((line, i) => (i === 0 ? `  ${sign} ${line}` : `      ${line}`));
    return [
      ...(before === undefined ? [] : lines('-', before).map((line) => theme.paint('bad', line))),
      ...(after === undefined ? [] : lines('+', after).map((line) => theme.paint('good', line))),
    ];
  });
}

function renderGolden(golden: ManifestComparison['golden'], theme: Theme): readonly string[] {
  const { common, added, removed, changed } = golden;
  const facts = [
    `${common} in both`,
    ...(added > 0 ? [`${added} added`] : []),
    ...(removed > 0 ? [`${removed} removed`] : []),
    `${changed.length === 0 ? 'no answer' : changed.length} changed by more than 0.02`,
  ];
  return [
    `  ${facts.join(', ')}`,
    ...indented(
      {
        rows: changed.map((change) => [
          change.label,
          moved(change.before, change.after, theme),
          change.file.replace(/^golden\//, ''),
        ]),
      },
      theme,
    ),
  ];
}

function renderAnswers(answers: AnswerComparison, theme: Theme): readonly string[] {
  const { arrow } = theme.symbols;
  const accuracy = {
    name: 'accuracy',
    before: answers.accuracyBefore,
    after: answers.accuracyAfter,
    verdict:
      answers.accuracyAfter === answers.accuracyBefore
        ? 'same'
        : answers.accuracyAfter > answers.accuracyBefore
          ? 'better'
          : 'worse',
  } as const;
  const { text, tone } = verdictCell(accuracy, theme);
  const moves = answers.moves.map(({ before, after, count }) => `${before} ${arrow} ${after} ${count}`);
  return [
    ...renderFields(
      [
        ['accuracy', { text: `${figure(accuracy.before)} ${arrow} ${figure(accuracy.after)}  ${text}`, tone }],
        ['labels changed', `${answers.changed} (${percent(answers.changed / answers.count)}): ${changesOf(answers)}`],
        ...(moves.length === 0 ? [] : [['moves', moves.join(', ')] as const]),
        [
          'right label',
          `its probability moved by ${answers.meanShift.toFixed(4)} on average; mean change ${answers.meanGain < 0 ? '' : '+'}${answers.meanGain.toFixed(4)}`,
        ],
      ],
      theme,
    ),
    ...section('Worst changes', renderWorst(answers.worst, theme), theme),
  ];
}

function renderWorst(worst: AnswerComparison['worst'], theme: Theme): readonly string[] {
  const { arrow } = theme.symbols;
  if (worst.length === 0) return [];
  const rows = worst.map((change): readonly Cell[] => [
    change.label,
    moved(change.probabilityBefore, change.probabilityAfter, theme),
    {
      text: change.before === change.after ? change.after : `${change.before} ${arrow} ${change.after}`,
      tone: change.after === change.label ? 'plain' : 'bad',
    },
    change.path,
  ]);
  return indented({ header: ['LABEL', 'ITS PROBABILITY', 'ANSWER', 'PICTURE'], rows }, theme);
}

function moved(before: number, after: number, theme: Theme): Cell {
  const { arrow, up, down } = theme.symbols;
  return {
    text: `${before.toFixed(4)} ${arrow} ${after.toFixed(4)} ${after > before ? up : down}`,
    tone: after > before ? 'good' : 'bad',
  };
}

const ratio = (before: number, after: number): string =>
  before === after || before === 0
    ? ''
    : `${after > before ? '+' : ''}${(((after - before) / before) * 100).toFixed(1)} %`;
