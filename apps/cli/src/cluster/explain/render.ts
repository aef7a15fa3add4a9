import { renderTable } from '../../terminal/table.ts';
import { plain, wrap } from '../../terminal/text.ts';
import type { Theme } from '../../terminal/theme.ts';
import type { Explanation, Section } from './explanation.ts';

/** Widest paragraph that is easy to read. */
const MEASURE = 100;

/** An explanation as text for people. */
export function renderExplanation(explanation: Explanation, theme: Theme): string {
  const width = Math.min(theme.width ?? MEASURE, MEASURE);
  const { warning, headline, summary, evidence, next, lineage } = explanation;
  const lines = [
    ...(warning === undefined
      ? []
      : [
          ...wrap(warning.text, width).map((line) => theme.paint('bad', line)),
          ...wrap(`${warning.next}:`, width),
          `    ${theme.paint('strong', plain(warning.command))}`,
          '',
        ]),
    ...wrap(headline.text, width).map((line) =>
      theme.paint(headline.tone === 'plain' ? 'strong' : headline.tone, line),
    ),
    '',
    ...wrap(summary, width),
    ...evidence.flatMap((section) => ['', ...renderSection(section, theme, width)]),
    '',
    theme.paint('strong', 'Next'),
    ...next.flatMap((step, index) => {
      const number = next.length > 1 ? `${index + 1}. ` : '';
      const [first = '', ...rest] = wrap(
        step.text + (step.command === undefined ? '' : ':'),
        width - 2 - number.length,
      );
      const indent = ' '.repeat(2 + number.length);
      const command =
        step.command === undefined ? [] : [`${indent}  ${theme.paint('strong', plain(theme.asCalled(step.command)))}`];
      return [`  ${number}${first}`, ...rest.map((line) => indent + line), ...command];
    }),
    ...(lineage === undefined ? [] : ['', ...renderSection(lineage, theme, width)]),
  ];
  return `${lines.join('\n')}\n`;
}

function renderSection(section: Section, theme: Theme, width: number): readonly string[] {
  return [
    theme.paint('strong', section.title),
    ...(section.lines ?? []).flatMap((line) => wrap(line, width - 2).map((part) => `  ${part}`)),
    ...(section.table === undefined ? [] : renderTable(section.table, theme, '  ')),
  ];
}
