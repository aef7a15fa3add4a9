import { stringify } from 'yaml';
import type { AlertCase } from './cases/alert-case.ts';
import { answerCases } from './cases/answers.ts';
import { objectiveCases } from './cases/objectives.ts';
import { podCases } from './cases/pods.ts';
import { rolloutCases } from './cases/rollout.ts';

/** Histories of metrics for every alert: some in which it fires, some in which it must not. */
export const alertCases: readonly AlertCase[] = [...objectiveCases, ...podCases, ...answerCases, ...rolloutCases];

/** Whose metrics the tests make up. */
export interface TestSubject {
  readonly model: string;
  readonly namespace: string;
  /** Rule files, absolute or from the folder of the test. */
  readonly ruleFiles: readonly string[];
}

/** The test files for `promtool test rules`, by path. */
export function promtoolTests(): ReadonlyMap<string, string> {
  const subject = {
    model: 'catdog',
    namespace: 'zoo',
    ruleFiles: ['../rules/catdog.yaml', '../rules/controller.yaml'],
  };
  const head = '# Written by `npm run generate` from monitoring/src/cases; do not edit.\n';
  return new Map([
    ['monitoring/tests/hours.yaml', head + testFile(subject, undefined)],
    ['monitoring/tests/days.yaml', head + testFile(subject, 'days')],
  ]);
}

/**
 * A file for `promtool test rules`.
 * @param pace of the cases that it has: evaluations are every minute, or every ten minutes for histories of days.
 */
export function testFile({ model, namespace, ruleFiles }: TestSubject, pace: AlertCase['pace']): string {
  const isDays = pace === 'days';
  const cases = alertCases.filter((one) => one.pace === pace);
  return stringify(
    {
      rule_files: ruleFiles,
      evaluation_interval: isDays ? '10m' : '1m',
      tests: cases.map(({ alert, title, fires, service = {}, controller = {}, at }) => ({
        name: `${alert} ${fires ? 'fires' : 'is silent'}: ${title}`,
        interval: isDays ? '5m' : '1m',
        input_series: [
          ...seriesOf(service, (name) => `${model}_${name}`, { job: `${model}-api`, namespace }),
          ...seriesOf(controller, (name) => (name === 'up' ? name : `pawl_controller_${name}`), {
            job: 'pawl-controller',
            namespace,
          }),
        ],
        promql_expr_test: [
          {
            expr: `count by (alertname) (ALERTS{alertname="${alert}",alertstate="firing"})`,
            eval_time: at,
            exp_samples: fires ? [{ labels: `{alertname="${alert}"}`, value: 1 }] : [],
          },
        ],
      })),
    },
    { lineWidth: 0 },
  );
}

/** Series as promtool reads them. @param labels that all of them have. */
const seriesOf = (
  series: Readonly<Record<string, string>>,
  nameOf: (name: string) => string,
  labels: Readonly<Record<string, string>>,
) =>
  Object.entries(series).map(([key, values]) => {
    const [name = '', own = ''] = key.replace(/}$/, '').split('{');
    const all = [...Object.entries(labels).map(([label, value]) => `${label}="${value}"`), own];
    return { series: `${nameOf(name)}{${all.filter((label) => label !== '').join(',')}}`, values };
  });
