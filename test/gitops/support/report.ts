import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { table } from '../../e2e/support/report.ts';
import { repositoryFile } from '../../e2e/support/settings.ts';

/** The result of one step of the walkthrough. */
export interface StepResult {
  readonly id: string;
  readonly title: string;
  readonly outcome: 'passed' | 'failed' | 'skipped';
  /** Short hash of the last commit that was pushed in it; empty: none. */
  readonly commit: string;
  /** Sync and health of the Applications, in words. */
  readonly argocd: string;
  /** Why something is not well, word for word; empty: all is. */
  readonly message: string;
  /** Serving pods by environment. */
  readonly pods: string;
  /** Requests to both environments, and those without a whole, sensible answer. */
  readonly sent: number;
  readonly lost: number;
  /** Length without the time in which everything had to stand still. */
  readonly seconds: number;
  readonly heldSeconds: number;
  readonly notes: readonly string[];
}

/** A duration from the run's own clock. */
interface Timing {
  readonly what: string;
  readonly seconds: number;
  readonly note: string;
}

/** Everything that a run tells. */
export interface Report {
  readonly steps: readonly StepResult[];
  readonly timings: readonly Timing[];
  /** `git show` of a promotion. */
  readonly promotion: string;
}

const JSON_FILE = 'reports/e2e-gitops.json';
const MARKDOWN_FILE = 'reports/e2e-gitops.md';
const DOCS_FILE = 'docs/e2e-gitops.md';
const EMPTY: Report = { steps: [], timings: [], promotion: '' };

/** Adds to the run's report; `reports/` always has what is known so far. */
export function report(change: (before: Report) => Report): void {
  const path = repositoryFile(JSON_FILE);
  const before = existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Report) : EMPTY;
  const after = change(before);
  mkdirSync(repositoryFile('reports'), { recursive: true });
  writeFileSync(path, `${JSON.stringify(after, null, 2)}\n`);
  const text = markdown(after);
  writeFileSync(repositoryFile(MARKDOWN_FILE), text);
  if (process.env['PAWL_E2E_WRITE_DOCS'] === '1') writeFileSync(repositoryFile(DOCS_FILE), text);
}

/** The report of a run, for people. */
export function markdown({ steps, timings, promotion }: Report): string {
  const ran = steps.filter(({ outcome }) => outcome !== 'skipped');
  const total = (of: (step: StepResult) => number) => ran.reduce((sum, step) => sum + of(step), 0);
  const passed = ran.filter(({ outcome }) => outcome === 'passed');
  const shortestHold = passed.length === 0 ? 0 : Math.min(...passed.map(({ heldSeconds }) => heldSeconds));
  // What is skipped is known before anything ran.
  const inOrder = [...steps].sort((a, b) => Number(a.id) - Number(b.id));
  const rows = inOrder.map((step) => [
    step.id,
    step.outcome === 'passed' ? step.title : `**${step.outcome}** ${step.title}`,
    step.commit,
    step.argocd,
    step.message,
    step.pods,
    step.sent,
    step.lost,
    step.seconds,
  ]);
  const notes = inOrder.flatMap(({ id, notes: all }) => all.map((note) => `- ${id}: ${note}`));
  const sections = [
    `# From Git to production, and back

Written by \`npm run e2e:gitops\` from its own measurements; do not edit. Staging and prod are two namespaces that Argo CD keeps
as \`k8s/\` of a Git repository says; a load generator in each sends photographs to \`POST /predict\` from the first served
version on. Lost is every request without a whole, sensible answer: refused, unreachable, reset, timed out (10 s), truncated,
or a status other than 200 and 429 and the 503 of a service without CPU that says when to come again. After a step every Application has to stay Synced, by a watch, and nobody may write to
any object that Git manages (for at least ${shortestHold} s), no pod restarts, and nothing is pruned but
what the step takes out of Git. Seconds are those of a small machine that runs everything at once, without that time.

${passed.length} of ${ran.length} steps passed; ${total(({ sent }) => sent)} requests sent, ${total(({ lost }) => lost)} lost.

${table(['', 'step', 'commit', 'Argo CD', 'message', 'pods', 'requests', 'lost', 's'], rows)}`,
    ...(notes.length === 0 ? [] : [`## Notes\n\n${notes.join('\n')}`]),
    ...(timings.length === 0
      ? []
      : [
          `## Speed\n\nReported, never asserted.\n\n${table(
            ['from the push, as Argo CD saw it, to Serving', 's', ''],
            timings.map(({ what, seconds, note }) => [what, seconds.toFixed(1), note]),
          )}`,
        ]),
    ...(promotion === ''
      ? []
      : [`## A promotion\n\n\`\`\`diff\n${promotion.replace(/[ \t]+$/gm, '').trimEnd()}\n\`\`\``]),
  ];
  return `${sections.join('\n\n')}\n`;
}
