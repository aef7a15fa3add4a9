import { spawnSync } from 'node:child_process';
import { inRepository } from '@pawl/test-kit/repository';
import { describeWhenSet } from '@pawl/test-kit/when-set';
import { alertCases } from './promtool-tests.ts';
import type { Alert } from './rule.ts';
import { allGroups } from './rule-files.ts';
import { chartSettings, exampleSettings } from './settings.ts';

const alerts: readonly Alert[] = allGroups(exampleSettings).flatMap((group) => group.alerts);
const names = alerts.map(({ name }) => name);

/** What a program says, and whether it is content. */
function run(program: string, ...args: readonly string[]): { readonly code: number | null; readonly output: string } {
  const { status, stdout, stderr, error } = spawnSync(program, args, { cwd: inRepository(''), encoding: 'utf8' });
  if (error !== undefined) throw error;
  return { code: status, output: stdout + stderr };
}

describe('the alerts', () => {
  it('have names of their own, which are headings of the runbook', () => {
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^Pawl[A-Za-z]+$/);
  });

  it('are each tested to fire and to be silent', () => {
    const tested = (fires: boolean) => [
      ...new Set(alertCases.filter((one) => one.fires === fires).map(({ alert }) => alert)),
    ];
    expect(tested(true).sort()).toEqual([...names].sort());
    expect(tested(false).sort()).toEqual([...names].sort());
  });

  it('differ between the chart and the example in nothing but what a release puts in', () => {
    const shape = (groups: ReturnType<typeof allGroups>) =>
      groups.map(({ records, alerts: made }) => [records.length, made.map(({ name }) => name)]);
    expect(shape(allGroups(chartSettings))).toEqual(shape(allGroups(exampleSettings)));
  });
});

describeWhenSet('PAWL_TEST_PROMTOOL', 'the rules, for promtool', (promtool) => {
  it('can be read', () => {
    const { code, output } = run(
      promtool,
      'check',
      'rules',
      'monitoring/rules/catdog.yaml',
      'monitoring/rules/controller.yaml',
    );
    expect({ code, output }).toMatchObject({ code: 0 });
  });

  it.each(['hours', 'days', 'annotations'])('behave as tests/%s.yaml says', (file) => {
    expect(run(promtool, 'test', 'rules', `monitoring/tests/${file}.yaml`)).toMatchObject({ code: 0 });
  });
});

describeWhenSet('PAWL_TEST_PINT', 'the rules, for pint', (pint) => {
  it('have no fault that it knows', () => {
    const args = ['--no-color', '--offline', '--config', 'monitoring/.pint.hcl', 'lint', '--min-severity=info'];
    const { code, output } = run(pint, ...args, 'monitoring/rules');
    expect({ code, problems: /^(Fatal|Bug|Warning|Information): .*/gm.exec(output)?.[0], output }).toMatchObject({
      code: 0,
      problems: undefined,
    });
  });
});
