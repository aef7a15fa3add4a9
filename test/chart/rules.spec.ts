/* eslint-disable @typescript-eslint/no-unsafe-return, @typescript-eslint/no-unsafe-call --
   Rendered objects are of many kinds; a field that is not there shows as a failed expectation. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeWhenSet } from '@pawl/test-kit/when-set';
import { stringify } from 'yaml';
import { testFile } from '../../monitoring/src/promtool-tests.ts';
import { allGroups } from '../../monitoring/src/rule-files.ts';
import { exampleSettings } from '../../monitoring/src/settings.ts';
import { type KubeObject, merge, render, run, type Values } from './support/helm.ts';

const enabled: Values = { prometheusRule: { enabled: true } };
const lynx = merge(enabled, { model: { name: 'lynx_2' } });

describeWhenSet('PAWL_TEST_HELM', 'the PrometheusRule', (helm) => {
  const groupsOf = (values: Values): readonly KubeObject[] => render(helm, values).find('PrometheusRule').spec.groups;
  const namesOf = (values: Values) =>
    groupsOf(values).flatMap(({ rules }) => rules.map((rule: KubeObject) => (rule.alert ?? rule.record) as string));

  it('has the rules of the example, with the name and the namespace of the release', () => {
    const text = stringify(groupsOf(lynx));
    expect(namesOf(lynx)).toEqual(
      allGroups({ ...exampleSettings, model: 'lynx_2' }).flatMap(({ records, alerts }) => [
        ...records.map(({ record }) => record),
        ...alerts.map(({ name }) => name),
      ]),
    );
    expect(text).not.toMatch(/catdog|<[a-z]+>/i);
    expect(text.match(/job="lynx_2-api",namespace="zoo"/g)?.length).toBeGreaterThan(50);
    expect(text.match(/job="pawl-controller",namespace="zoo"/g)?.length).toBeGreaterThan(9);
  });

  it('watches the controller where the release installs it, and only there', () => {
    const second = merge(lynx, { controller: { install: false } });
    expect(namesOf(lynx)).toContain('PawlControllerMissing');
    expect(namesOf(second)).not.toContain('PawlControllerMissing');
    expect(namesOf(second)).toContain('PawlModelMissing');
  });

  describeWhenSet('PAWL_TEST_PROMTOOL', 'for promtool', (promtool) => {
    let folder: string;
    let rules: string;

    beforeAll(() => {
      folder = mkdtempSync(join(tmpdir(), 'pawl-rules-'));
      rules = join(folder, 'rules.yaml');
      writeFileSync(rules, stringify({ groups: groupsOf(lynx) }));
    });

    afterAll(() => {
      rmSync(folder, { recursive: true });
    });

    it('can be read', () => {
      expect(run(promtool, ['check', 'rules', rules])).toMatchObject({ code: 0 });
    });

    it('behaves as that of the example', () => {
      const test = join(folder, 'test.yaml');
      writeFileSync(test, testFile({ model: 'lynx_2', namespace: 'zoo', ruleFiles: [rules] }, undefined));
      expect(run(promtool, ['test', 'rules', test])).toMatchObject({ code: 0 });
    });
  });
});
