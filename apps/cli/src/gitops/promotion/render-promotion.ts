import { relative } from 'node:path';
import { fileDiff, renderDiff, renderRelease } from '../release/render-release.ts';
import { indented } from '../../terminal/render-page.ts';
import { list } from '../../terminal/text.ts';
import type { Theme } from '../../terminal/theme.ts';
import type { GateResult } from './judge-verdict.ts';
import type { Promotion } from './promote.ts';
import type { Rollback } from './roll-back.ts';
import type { ReleasedVersion } from '../environments/environment.ts';

/** The evidence: a gate a line. */
export function renderEvidence(
  { spec }: ReleasedVersion,
  way: { readonly from: string; readonly to: string },
  findings: readonly GateResult[],
  theme: Theme,
): readonly string[] {
  const { arrow, pass, fail, dash } = theme.symbols;
  const signs = { pass, fail, waived: dash } as const;
  const tones = { pass: 'good', fail: 'bad', waived: 'warn' } as const;
  const rows = findings.map(({ subject, outcome, detail }) => [
    { text: signs[outcome], tone: tones[outcome] },
    { text: subject, tone: 'dim' as const },
    outcome === 'waived' ? `promoted without: ${detail}` : detail,
  ]);
  return [
    theme.paint('strong', `${spec.model} ${spec.version}: ${way.from} ${arrow} ${way.to}`),
    ...indented({ rows }, theme),
  ];
}

/** What is going to be promoted, below its evidence; then the change of files as Git shows it. */
export function renderPromotion(
  { candidate, from, to, proposal }: Promotion,
  folder: string,
  theme: Theme,
): readonly string[] {
  const { model, version } = candidate.spec;
  if (proposal === undefined)
    return [
      theme.paint('strong', `${model} ${version}: ${from} ${theme.symbols.arrow} ${to}`),
      `  Already there: ${to} has this digest.`,
    ];
  return [
    ...renderRelease(proposal, proposal.plan, theme),
    '',
    ...renderDiff(`${folder}/${to}/models`, proposal.plan, theme),
  ];
}

/** What is going to be rolled back, and the change of files as Git shows it. */
export function renderRollback(
  { model, environment, plan, passedOver }: Rollback,
  folder: string,
  theme: Theme,
): readonly string[] {
  const { arrow } = theme.symbols;
  const left = passedOver.map((problem) => `  ${theme.paint('warn', 'left as it is')}  ${problem}`);
  if (plan.kind === 'already') {
    const { by } = plan;
    const lines =
      by === undefined
        ? [`  It has ${plan.version}: there is nothing to roll back.`]
        : [
            `  Already rolled back to ${plan.version} by ${by.author} at ${by.at}, ${by.short}.`,
            '  To go further back, name the version with --to.',
          ];
    return [theme.paint('strong', `${model} in ${environment}`), ...lines, ...left];
  }
  const { from, to, commits, removed, restored } = plan;
  const at = (file: string) => `${folder}/${environment}/models/${file}`;
  return [
    theme.paint('strong', `${model} in ${environment}: ${from} ${arrow} ${to}`),
    ...indented(
      {
        rows: [
          ...commits.map(({ short, subject, author }) => [
            { text: 'takes back', tone: 'dim' as const },
            `${short} ${subject} (${author})`,
          ]),
          ...(restored.length === 0
            ? []
            : [[{ text: 'restores', tone: 'dim' as const }, list(restored.map(({ spec }) => spec.version))]]),
        ],
      },
      theme,
    ),
    ...left,
    '',
    ...removed.flatMap(({ file, text }) => fileDiff(at(file), '-', text, theme)),
    ...restored.flatMap(({ file, text }) => fileDiff(at(file), '+', text, theme)),
  ];
}

/** The folder of the environments as diffs name it. */
export const shownFolder = (cwd: string, environments: string): string =>
  relative(cwd, environments).replaceAll('\\', '/');
