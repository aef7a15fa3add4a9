import { relative } from 'node:path';
import type { Theme } from '../../terminal/theme.ts';
import { compareMetrics, figure, incomparable, verdictCell } from '../../bundles/diff/metrics.ts';
import { pairedOf } from '../../bundles/diff/paired.ts';
import type { ReleasePlan } from './plan-release.ts';
import type { Proposal } from './release.ts';
import { indented, renderFields, type Field } from '../../terminal/render-page.ts';

/** What is going to be released, then the change of files as Git shows it. */
export function renderProposal(proposal: Proposal, cwd: string, theme: Theme): readonly string[] {
  const { environment, release, plan } = proposal;
  const { name, version } = release.manifest;
  const title = theme.paint('strong', `${name} ${version} ${theme.symbols.arrow} ${environment.name}`);
  if (plan.kind === 'already') {
    const later =
      plan.highest === plan.version
        ? ''
        : `; ${plan.highest.spec.version} was released since, and is the one that is wanted`;
    return [title, `  Already released: ${plan.version.file} has this digest${later}.`];
  }
  return [
    title,
    ...renderRelease(proposal, plan, theme),
    '',
    ...renderDiff(relative(cwd, environment.models).replaceAll('\\', '/'), plan, theme),
  ];
}

/** Address, digest, signature, number and metrics of what comes into an environment. */
export function renderRelease(
  { release, verified, previous }: Proposal,
  plan: Extract<ReleasePlan, { kind: 'release' }>,
  theme: Theme,
): readonly string[] {
  const { arrow } = theme.symbols;
  const paired = pairedOf(release.manifest);
  const fields: readonly Field[] = [
    ['artifact', release.uri],
    ['digest', release.digest],
    [
      'signature',
      verified
        ? { text: `${theme.symbols.pass} by the key of the environment`, tone: 'good' }
        : { text: 'not asked for', tone: 'dim' },
    ],
    ['version', versionReason(plan)],
    ...(plan.removed.length === 0
      ? []
      : [['removes', plan.removed.map(({ spec }) => spec.version).join(', ')] as const]),
    ...(paired === undefined ? [] : [['compared', paired] as const]),
  ];
  const changes = previous === undefined ? [] : compareMetrics(previous, release.manifest);
  return [
    ...renderFields(fields, theme),
    ...indented(
      {
        rows: changes
          .filter(({ before, after }) => before !== undefined && after !== undefined)
          .map((change) => [
            { text: change.name, tone: 'dim' },
            `${figure(change.before)} ${incomparable[change.verdict] === undefined ? arrow : 'and'} ${figure(change.after)}`,
            verdictCell(change, theme),
          ]),
      },
      theme,
    ),
  ];
}

function versionReason({ highest, next }: Extract<ReleasePlan, { kind: 'release' }>): string {
  if (highest === undefined) return 'the first one in this environment';
  if (next === undefined) return `after ${highest.spec.version}, not compared`;
  return `${next.change} after ${highest.spec.version}: ${next.reason}`;
}

/** Pure: the files that come and go, as `git diff` shows them. */
export function renderDiff(
  folder: string,
  plan: Pick<Extract<ReleasePlan, { kind: 'release' }>, 'file' | 'text' | 'removed'>,
  theme: Theme,
): readonly string[] {
  const prefix = folder === '' ? '' : `${folder}/`;
  return [
    ...plan.removed.flatMap(({ file, text }) => fileDiff(prefix + file, '-', text, theme)),
    ...fileDiff(prefix + plan.file, '+', plan.text, theme),
  ];
}

/** Pure: a whole file that comes or goes, as `git diff` shows it. */
export function fileDiff(path: string, sign: '+' | '-', text: string, theme: Theme): readonly string[] {
  const lines = text.replace(/\n$/, '').split('\n');
  const added = sign === '+';
  const head = [
    `diff --git a/${path} b/${path}`,
    `${added ? 'new' : 'deleted'} file mode 100644`,
    added ? '--- /dev/null' : `--- a/${path}`,
    added ? `+++ b/${path}` : '+++ /dev/null',
  ];
  return [
    ...head.map((line) => theme.paint('strong', line)),
    theme.paint('dim', added ? `@@ -0,0 +1,${lines.length} @@` : `@@ -1,${lines.length} +0,0 @@`),
    ...lines.map((line) => theme.paint(added ? 'good' : 'bad', `${sign}${line}`)),
  ];
}
