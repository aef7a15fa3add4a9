import type { Alert, RuleGroup } from './rule.ts';
import { allGroups } from './rule-files.ts';
import { exampleSettings } from './settings.ts';

const MARKER = '<!-- alerts: written by `npm run generate` -->';

/** docs/alerts.md with the table of alerts below its marker. @param page as it is. */
export function alertsPage(page: string): string {
  const [before = ''] = page.split(MARKER);
  return `${before}${MARKER}\n\n${allGroups(exampleSettings).map(tableOf).join('\n')}`;
}

const TITLES: Readonly<Record<string, string>> = {
  'catdog-objectives': 'Objectives',
  'catdog-pods': 'Pods of the service',
  'catdog-answers': 'Pictures and answers',
  'pawl-controller': 'Versions and the controller',
};

const tableOf = ({ name, alerts }: RuleGroup): string =>
  `## ${TITLES[name] ?? name}\n\n| alert | severity | when | for |\n| --- | --- | --- | --- |\n${alerts.map(rowOf).join('')}`;

const rowOf = ({ name, severity, when, for: wait }: Alert): string =>
  `| [${name}](../RUNBOOK.md#${name.toLowerCase()}) | ${severity} | ${when} | ${wait === '0m' ? 'at once' : wait} |\n`;
