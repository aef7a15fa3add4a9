import type { KubeObject } from '../../e2e/support/cluster.ts';
import { type Inventory, movements, printOf, removals } from './inventory.ts';

const configMap = (resourceVersion: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'one', resourceVersion },
});

const deployment = (change: {
  generation?: number;
  resourceVersion?: string;
  statusTime?: string;
  specTime?: string;
}): KubeObject => {
  const { generation = 1, resourceVersion = '1', statusTime = 'a', specTime = 'a' } = change;
  const managedFields = [
    { manager: 'argocd-controller', operation: 'Apply', time: specTime },
    { manager: 'kube-controller-manager', operation: 'Update', subresource: 'status', time: statusTime },
  ];
  const metadata = { name: 'one', generation, resourceVersion, managedFields };
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata, status: {} };
};

const inventory = (...entries: [key: string, uid: string, print: string][]): Inventory =>
  new Map(entries.map(([key, uid, print]) => [key, { uid, print }]));

describe('what must stand still', () => {
  it('is every write to an object without a status', () => {
    expect(printOf(configMap('1'))).toBe(printOf(configMap('1')));
    expect(printOf(configMap('2'))).not.toBe(printOf(configMap('1')));
  });

  it('is what a status does not change, where there is one', () => {
    const before = printOf(deployment({}));
    expect(printOf(deployment({ resourceVersion: '2', statusTime: 'b' }))).toBe(before);
    expect(printOf(deployment({ generation: 2 }))).not.toBe(before);
    // Labels and annotations leave the generation as it is; who wrote them when does not.
    expect(printOf(deployment({ specTime: 'b' }))).not.toBe(before);
  });

  it('is the status too of a ModelVersion', () => {
    const version = (resourceVersion: string) => ({
      ...configMap(resourceVersion),
      kind: 'ModelVersion',
      status: { phase: 'Serving' },
    });
    expect(printOf(version('2'))).not.toBe(printOf(version('1')));
  });

  it("is the spec alone of Argo CD's own, which it writes to all the time", () => {
    const application = (resourceVersion: string, project: string) => ({
      ...configMap(resourceVersion),
      apiVersion: 'argoproj.io/v1alpha1',
      spec: { project },
      status: {},
    });
    expect(printOf(application('2', 'pawl'))).toBe(printOf(application('1', 'pawl')));
    expect(printOf(application('1', 'other'))).not.toBe(printOf(application('1', 'pawl')));
  });
});

describe('two inventories', () => {
  const before = inventory(['a', '1', 'x'], ['b', '2', 'x'], ['c', '3', 'x']);

  it('tell what moved', () => {
    expect(movements(before, before)).toEqual([]);
    const after = inventory(['a', '1', 'y'], ['b', '9', 'x'], ['d', '4', 'x']);
    expect(movements(before, after).map((line) => line.split('\n', 1).join(''))).toEqual([
      'a was written:',
      'b is another object',
      'c is gone',
      'd is new',
    ]);
  });

  it('tell what was removed, also when another object took the name', () => {
    expect(removals(before, inventory(['a', '1', 'y'], ['b', '9', 'x']))).toEqual(['b', 'c']);
  });
});
