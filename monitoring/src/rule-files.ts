import { stringify } from 'yaml';
import { answers } from './alerts/answers.ts';
import { objectives } from './alerts/objectives.ts';
import { pods } from './alerts/pods.ts';
import { rollout } from './alerts/rollout.ts';
import type { Alert, MakeGroup, RuleGroup } from './rule.ts';
import { chartSettings, exampleSettings, type RuleSettings } from './settings.ts';

/** Rules about one model, and those about the controller and its versions. */
const service: readonly MakeGroup[] = [objectives, pods, answers];
const controller: readonly MakeGroup[] = [rollout];

/** All rules of an installation. */
export const allGroups = (settings: RuleSettings): readonly RuleGroup[] =>
  [...service, ...controller].map((make) => make(settings));

/** The rule files, by path: plain ones for the example model, and those that the chart fills in. */
export function ruleFiles(): ReadonlyMap<string, string> {
  const of = (made: readonly MakeGroup[], settings: RuleSettings, labels: Readonly<Record<string, string>>) =>
    textOf(
      made.map((make) => make(settings)),
      settings,
      labels,
    );
  const model = (settings: RuleSettings) => of(service, settings, { model: settings.model });
  return new Map([
    ['monitoring/rules/catdog.yaml', model(exampleSettings)],
    ['monitoring/rules/controller.yaml', of(controller, exampleSettings, {})],
    ['charts/pawl/files/rules/model.yaml', model(chartSettings)],
    ['charts/pawl/files/rules/controller.yaml', of(controller, chartSettings, {})],
  ]);
}

function textOf(
  groups: readonly RuleGroup[],
  settings: RuleSettings,
  labels: Readonly<Record<string, string>>,
): string {
  const file = {
    groups: groups.map(({ name, records, alerts }) => ({
      name,
      rules: [...records, ...alerts.map((alert) => ruleOf(alert, settings, labels))],
    })),
  };
  return `# Written by \`npm run generate\` from monitoring/src; do not edit.\n${stringify(file, { lineWidth: 0 })}`;
}

/** An alert as Prometheus reads it. The link is made of the name, so that none can lead elsewhere. */
const ruleOf = (
  { name, severity, expr, for: wait, summary, description }: Alert,
  { runbook }: RuleSettings,
  labels: Readonly<Record<string, string>>,
) => ({
  alert: name,
  expr,
  ...(wait !== '0m' && { for: wait }),
  labels: { severity, ...labels },
  annotations: {
    summary,
    ...(description !== undefined && { description }),
    runbook_url: `${runbook}#${name.toLowerCase()}`,
  },
});
