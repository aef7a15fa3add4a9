/* eslint-disable @typescript-eslint/no-unsafe-call --
   Rendered objects are of many kinds; a field that is not there shows as a failed expectation. */
import { describeWhenSet } from '@pawl/test-kit/when-set';
import { type KubeObject, render } from './support/helm.ts';

describeWhenSet('PAWL_TEST_HELM', 'pods', (helm) => {
  it('are spread over zones and nodes, each revision by itself', () => {
    const { topologySpreadConstraints: constraints } = render(helm).pod.spec;
    expect(constraints.map(({ topologyKey }: KubeObject) => topologyKey as string)).toEqual([
      'topology.kubernetes.io/zone',
      'kubernetes.io/hostname',
    ]);
    for (const constraint of constraints)
      expect(constraint).toMatchObject({
        // One node, or one zone, must do.
        whenUnsatisfiable: 'ScheduleAnyway',
        matchLabelKeys: ['pod-template-hash'],
        labelSelector: { matchLabels: { 'app.kubernetes.io/instance': 'pets' } },
      });
    expect(render(helm, { topologySpreadConstraints: [] }).pod.spec).not.toHaveProperty('topologySpreadConstraints');
  });

  it('have none of the optional fields by default', () => {
    const chart = render(helm);
    for (const { spec } of [chart.pod, chart.controllerPod])
      for (const field of ['hostAliases', 'dnsConfig', 'runtimeClassName']) expect(spec).not.toHaveProperty(field);
    expect(chart.pod.spec.initContainers).toHaveLength(1);
    expect(chart.pod.spec.containers).toHaveLength(1);
  });
});
