/* eslint-disable @typescript-eslint/no-unsafe-return, @typescript-eslint/no-unsafe-call --
   Rendered objects are of many kinds; a field that is not there shows as a failed expectation. */
import type { KubeObject, Rendered } from './helm.ts';
import type { ValueCase } from './value-case.ts';

const network = { networkPolicy: { enabled: true } };
const withDashboards = { grafana: { dashboards: { enabled: true } } };
const dashboardsOf = ({ objects }: Rendered): readonly KubeObject[] =>
  objects.filter(({ metadata }) => metadata.labels?.['app.kubernetes.io/component'] === 'dashboards');

/** An alert of the PrometheusRule. */
const ruleOf = (rendered: Rendered, alert: string): KubeObject =>
  rendered
    .find('PrometheusRule')
    .spec.groups.flatMap((group: KubeObject) => group.rules)
    .find((rule: KubeObject) => rule.alert === alert);

/** Values of what stands around the pods: network, monitoring, tests, and objects of the cluster. */
export const aroundCases: Readonly<Record<string, ValueCase>> = {
  'networkPolicy.enabled': {
    value: true,
    at: (r) => [
      r.find('NetworkPolicy', 'inference')?.spec.ingress,
      r.find('NetworkPolicy', 'controller')?.spec.policyTypes,
    ],
    expected: [[{ ports: [{ port: 'http' }] }], ['Ingress', 'Egress']],
  },
  'networkPolicy.ingressFrom': {
    given: network,
    value: [{ namespaceSelector: {} }],
    at: (r) => r.find('NetworkPolicy', 'inference').spec.ingress.map((rule: KubeObject) => rule.from as unknown),
    expected: [
      [{ namespaceSelector: {} }],
      [
        {
          podSelector: {
            matchLabels: { 'app.kubernetes.io/name': 'pawl', 'app.kubernetes.io/component': 'controller' },
          },
        },
      ],
    ],
  },
  'networkPolicy.egressPorts': {
    given: network,
    value: [5000],
    at: (r) => r.find('NetworkPolicy', 'inference').spec.egress[1].ports,
    expected: [{ port: 5000 }],
  },
  'networkPolicy.egressTo': {
    given: network,
    value: [{ ipBlock: { cidr: '10.0.0.0/8' } }],
    at: (r) => [
      r.find('NetworkPolicy', 'inference').spec.egress[1].to,
      r.find('NetworkPolicy', 'controller').spec.egress[1].to,
    ],
    expected: [[{ ipBlock: { cidr: '10.0.0.0/8' } }], [{ ipBlock: { cidr: '10.0.0.0/8' } }]],
  },

  'serviceMonitor.enabled': {
    value: true,
    at: (r) => r.find('ServiceMonitor')?.spec.endpoints[0].relabelings[0].replacement,
    expected: 'catdog-api',
  },
  'serviceMonitor.interval': {
    given: { serviceMonitor: { enabled: true } },
    value: '30s',
    at: (r) => r.find('ServiceMonitor').spec.endpoints[0].interval,
    expected: '30s',
  },
  'serviceMonitor.labels': {
    given: { serviceMonitor: { enabled: true } },
    value: { release: 'prometheus' },
    at: (r) => r.find('ServiceMonitor').metadata.labels['release'],
    expected: 'prometheus',
  },
  'prometheusRule.enabled': {
    value: true,
    at: (r) => r.find('PrometheusRule')?.spec.groups.map((group: KubeObject) => group.name as string),
    expected: ['catdog-objectives', 'catdog-pods', 'catdog-answers', 'pawl-controller'],
  },
  'prometheusRule.labels': {
    given: { prometheusRule: { enabled: true } },
    value: { release: 'prometheus' },
    at: (r) => r.find('PrometheusRule').metadata.labels['release'],
    expected: 'prometheus',
  },
  'prometheusRule.availabilityObjective': {
    given: { prometheusRule: { enabled: true } },
    value: 99.95,
    at: (r) => ruleOf(r, 'PawlErrorBudgetBurnsFast').expr.includes('ratio_rate1h > 14.4 * (1 - 99.95 / 100)'),
    expected: true,
  },
  'prometheusRule.latencyObjective': {
    given: { prometheusRule: { enabled: true } },
    value: 95,
    at: (r) => ruleOf(r, 'PawlLatencyBudgetBurnsFast').expr.includes('ratio_rate1h > 14.4 * (1 - 95 / 100)'),
    expected: true,
  },
  'prometheusRule.latencyLimit': {
    given: { prometheusRule: { enabled: true } },
    value: 0.1,
    at: (r) => ruleOf(r, 'PawlLatencyBudgetBurnsFast').expr.includes('le=~"0.1(.0)?"'),
    expected: true,
  },
  'prometheusRule.abstentionLimit': {
    given: { prometheusRule: { enabled: true } },
    value: 0.5,
    at: (r) => ruleOf(r, 'PawlAbstentionHigh').expr.includes('> 0.5\n'),
    expected: true,
  },
  'prometheusRule.runbook': {
    given: { prometheusRule: { enabled: true } },
    value: 'https://wiki.example/pets',
    at: (r) => ruleOf(r, 'PawlModelMissing').annotations.runbook_url,
    expected: 'https://wiki.example/pets#pawlmodelmissing',
  },

  'grafana.dashboards.enabled': {
    value: true,
    at: (r) => dashboardsOf(r).map(({ metadata }) => metadata.name as string),
    expected: ['controller', 'model', 'rollout', 'service'].map((name) => `pets-pawl-${name}-dashboard`),
  },
  'grafana.dashboards.labels': {
    given: withDashboards,
    value: { grafana_dashboard: 'yes' },
    at: (r) => dashboardsOf(r).map(({ metadata }) => metadata.labels['grafana_dashboard'] as string),
    expected: ['yes', 'yes', 'yes', 'yes'],
  },
  'grafana.dashboards.annotations': {
    given: withDashboards,
    value: { grafana_folder: 'Pets' },
    at: (r) => dashboardsOf(r)[0]?.metadata.annotations,
    expected: { grafana_folder: 'Pets' },
  },
  'grafana.dashboards.namespace': {
    given: withDashboards,
    value: 'monitoring',
    at: (r) => dashboardsOf(r).map(({ metadata }) => metadata.namespace as string),
    expected: ['monitoring', 'monitoring', 'monitoring', 'monitoring'],
  },

  'smokeTest.argocdHook': {
    value: true,
    at: (r) =>
      Object.entries(r.find('Pod').metadata.annotations as Record<string, string>).filter(([key]) =>
        key.startsWith('argocd.argoproj.io/'),
      ),
    expected: [
      ['argocd.argoproj.io/hook', 'PostSync'],
      ['argocd.argoproj.io/hook-delete-policy', 'BeforeHookCreation,HookSucceeded'],
    ],
  },
  'smokeTest.imageConfigMaps': {
    value: ['pets-acceptance'],
    at: (r) => r.find('Pod').spec.volumes[0].projected.sources.slice(1),
    expected: [{ configMap: { name: 'pets-acceptance', optional: true } }],
  },

  extraObjects: {
    value: [
      { apiVersion: 'v1', kind: 'Secret', metadata: { name: '{{ .Release.Name }}-a' } },
      'apiVersion: v1\nkind: Secret\nmetadata: {name: {{ include "pawl.fullname" . }}-b}\n',
    ],
    at: (r) => r.objects.filter(({ kind }) => kind === 'Secret').map(({ metadata }) => metadata.name as string),
    expected: ['pets-a', 'pets-pawl-b'],
  },

  'crds.install': { value: false, at: (r) => r.find('CustomResourceDefinition'), expected: undefined },
  'crds.keep': {
    value: false,
    at: (r) => r.find('CustomResourceDefinition').metadata.annotations,
    expected: { 'argocd.argoproj.io/sync-wave': '-1' },
  },
};
