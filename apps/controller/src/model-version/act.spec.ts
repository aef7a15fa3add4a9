import { deployments, httpRoutes, pods } from '@pawl/shared/kubernetes/objects';
import { annotations, labels } from '@pawl/shared/modelversion/names';
import { refusals } from '@pawl/test-kit/fake-api';
import { act, type ClusterAction } from './act.ts';
import { digestOf } from './canary.ts';
import type { Observed } from './gather.ts';
import { aDigest } from '@pawl/test-kit/model-versions';
import { aPolicy, aVersion, comparing, someFacts, verified } from './test/builders.ts';
import { aService, KEY, ModelCluster, stableDeployment } from './test/model-cluster.ts';

const two = aVersion('1.1.0', verified);
const gateway = aPolicy({
  traffic: { gateway: { parentRefs: [{ name: 'gw' }], stableService: 's', canaryService: 'c' } },
});

/** A cluster with a stable Deployment, a canary and its pod, and what was observed of it. */
function aDeployedCanary(policy = aPolicy()) {
  const cluster = new ModelCluster().has(stableDeployment(aDigest('1.0.0')));
  const { api } = cluster;
  const stable = cluster.deployment('web');
  const canary = api.put({ ...stableDeployment(aDigest('1.1.0')), metadata: { name: 'canary', namespace: 'ns' } });
  api.put({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'c-0', namespace: 'ns' } });
  const config = { state: { kind: 'valid' as const, policy, images: 0 }, policy };
  const facts = someFacts({ policy });
  const observed: Observed = { key: KEY, namespace: 'ns', facts, config, stable, canaries: [canary], route: undefined };
  const carryOut = (action: ClusterAction, more: Partial<Observed> = {}) =>
    act(api, action, { ...observed, ...more }, new AbortController().signal);
  return { cluster, api, carryOut, stable };
}
const comparison = comparing(1, 0);

describe('an action', () => {
  it('makes a canary that is deleted with the stable Deployment, with or without a gateway', async () => {
    const action: ClusterAction = { kind: 'apply-canary', version: two, name: 'new', replicas: 2 };
    for (const policy of [aPolicy(), gateway]) {
      const { cluster, carryOut } = aDeployedCanary(policy);
      await carryOut(action);
      expect(cluster.deployment('new')).toMatchObject({
        spec: { replicas: 2 },
        metadata: { ownerReferences: [{ kind: 'Deployment', uid: 'uid-web' }] },
      });
    }
  });

  it('takes a canary from its other owners, and does nothing for one that is gone', async () => {
    const { api, cluster, carryOut } = aDeployedCanary();
    const ownerReferences = [{ apiVersion: 'pawl.dev/v1alpha1', kind: 'ModelVersion', name: 'm', uid: 'uid-m' }];
    api.put({ ...cluster.deployment('canary')!, metadata: { name: 'canary', namespace: 'ns', ownerReferences } });
    await carryOut({ kind: 'adopt-canary', name: 'canary' });
    expect(cluster.deployment('canary')?.metadata.ownerReferences).toEqual([
      { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', uid: 'uid-web' },
    ]);
    await carryOut({ kind: 'adopt-canary', name: 'gone' });
    expect(cluster.deployment('gone')).toBeUndefined();
  });

  it('gives the stable pods their weights, and does not change the number of pods', async () => {
    const { cluster, carryOut } = aDeployedCanary();
    await carryOut({ kind: 'apply-stable', version: two });
    const { spec } = cluster.deployment('web')!;
    expect([digestOf(spec.template), spec.replicas]).toEqual([two.spec.artifact.digest, 3]);
  });

  it('lets pods get requests and takes them off again, and ignores a pod that is gone', async () => {
    const { api, carryOut } = aDeployedCanary();
    await carryOut({ kind: 'admit-pods', pods: ['c-0', 'gone'] });
    expect((await api.get(pods, 'ns', 'c-0'))?.metadata.labels).toEqual({ [labels.inService]: 'true' });
    await carryOut({ kind: 'withdraw-pods', pods: ['c-0', 'gone'] });
    expect((await api.get(pods, 'ns', 'c-0'))?.metadata.labels).toEqual({});
  });

  it('keeps counters and the time of a withdrawal with the canary', async () => {
    const { cluster, carryOut } = aDeployedCanary();
    await carryOut({ kind: 'write-comparison', canary: 'canary', comparison });
    await carryOut({ kind: 'mark-withdrawn', canary: 'canary' });
    const kept = cluster.deployment('canary')?.metadata.annotations ?? {};
    expect(JSON.parse(kept[annotations.comparison] ?? '')).toEqual(comparison);
    expect(kept[annotations.withdrawnAt]).toBe('2026-01-02T03:04:05Z');
  });

  it('sets the weight of the route, after which an earlier withdrawal no longer counts', async () => {
    const { cluster, api, carryOut, stable } = aDeployedCanary(gateway);
    await carryOut({ kind: 'mark-withdrawn', canary: 'canary' });
    const inputs = { gateway: gateway.traffic.gateway!, stableService: aService('s', 8080), canaryService: undefined };
    await carryOut(
      { kind: 'set-route-weight', weight: 25, canary: 'canary' },
      { route: { stable: stable!, ...inputs } },
    );
    const [rule] = (await api.get(httpRoutes, 'ns', 'web'))?.spec.rules ?? [];
    expect(rule?.backendRefs.map(({ weight, port }) => [weight, port])).toEqual([
      [75, 8080],
      [25, 8080],
    ]);
    expect(cluster.deployment('canary')?.metadata.annotations).toEqual({});
  });

  it('waits for the Service that a gateway routes to', async () => {
    const { carryOut } = aDeployedCanary(gateway);
    const setting = carryOut({ kind: 'set-route-weight', weight: 25 });
    await expect(setting).rejects.toMatchObject({
      name: 'Waiting',
      reason: 'ServiceMissing',
      message: expect.stringContaining('Service s'),
    });
  });

  it('deletes the canary that was seen, and none that came since under its name', async () => {
    const { cluster, api, carryOut } = aDeployedCanary();
    await api.delete(deployments, 'ns', 'canary');
    cluster.has({ ...stableDeployment(aDigest('1.1.0')), metadata: { name: 'canary', namespace: 'ns', uid: 'newer' } });
    await expect(carryOut({ kind: 'delete-canary', name: 'canary' })).rejects.toMatchObject({ status: 409 });
  });

  it('passes on what the API server refuses', async () => {
    const { api, carryOut } = aDeployedCanary();
    api.fail({ verb: 'patch' }, refusals.forbidden('no'));
    await expect(carryOut({ kind: 'admit-pods', pods: ['c-0'] })).rejects.toMatchObject({ status: 403 });
  });
});
