import type { Deployment, Pod } from '@pawl/shared/kubernetes/objects';
import { annotations, CANARY, labels, STABLE } from '@pawl/shared/modelversion/names';
import { refusals } from '@pawl/test-kit/fake-api';
import type { ProcessCounters } from './analysis/counters.ts';
import { gather, type Sources } from './gather.ts';
import { httpRoute } from './http-route.ts';
import { aDigest } from '@pawl/test-kit/model-versions';
import { aReplicaSet, ownedBy } from '@pawl/test-kit/pods';
import { aPolicy, atStep, aVersion, counted, NOW, served } from './test/builders.ts';
import { aService, KEY, ModelCluster, policyOf, silentPods, stableDeployment } from './test/model-cluster.ts';

const one = aVersion('1.0.0', served);
const GATEWAY = 'traffic: {gateway: {parentRefs: [{name: gw}], stableService: s, canaryService: c}}';

/** A pod with the labels of a track and an address of its own, which nothing owns. */
const labelled = (track: string, name: string, isReady: boolean): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name,
    namespace: 'ns',
    uid: `uid-${name}`,
    labels: { [labels.model]: 'm', [labels.track]: track, [labels.modelVersion]: 'm-1.1.0' },
    annotations: { [annotations.digest]: aDigest('1.1.0'), [annotations.template]: 't' },
  },
  spec: { containers: [{ name: 'inference' }] },
  status: { podIP: name, conditions: [{ type: 'Ready', status: isReady ? 'True' : 'False' }] },
});
const canary = {
  ...stableDeployment(aDigest('1.1.0')),
  metadata: {
    name: 'canary',
    namespace: 'ns',
    uid: 'uid-canary',
    labels: { [labels.model]: 'm', [labels.track]: CANARY, [labels.modelVersion]: 'm-1.1.0' },
    annotations: { [annotations.template]: 't', [annotations.comparison]: 'no JSON' },
  },
};

/** A pod of the canary, and the ReplicaSet that made it. */
const aCanaryPod = (name: string, isReady: boolean) => ownedBy(aReplicaSet(canary), labelled(CANARY, name, isReady));

function observe(cluster: ModelCluster, pods: Partial<Sources['pods']> = {}, now = () => NOW) {
  const sources: Sources = {
    api: cluster.api,
    caches: cluster.caches,
    pods: { ...silentPods, ...pods },
    verifier: { states: () => new Map() },
    acceptances: { runs: () => new Map() },
    refusals: { of: () => new Map([['a', 'b']]), note: () => undefined, succeeded: () => false },
    now,
  };
  return gather(sources, KEY, new AbortController().signal);
}

describe('what is gathered', () => {
  it('are facts of one moment, from caches only where the policy has no gateway', async () => {
    const cluster = new ModelCluster().has(one, stableDeployment(aDigest('1.0.0')), policyOf());
    const { facts, stable } = await observe(cluster);
    expect(facts).toMatchObject({
      now: NOW,
      model: 'm',
      stable: { kind: 'found' },
      policy: { kind: 'valid' },
      canaries: [],
    });
    expect(facts.refusals.get('a')).toBe('b');
    expect(stable?.metadata.name).toBe('web');
    expect(cluster.api.made).toEqual([]);
  });

  it('says what is missing of the environment', async () => {
    const { facts } = await observe(new ModelCluster().has(one));
    expect([facts.stable.kind, facts.policy.kind]).toEqual(['missing', 'missing']);
  });

  it('asks pods that are not ready why, and no others', async () => {
    const cluster = new ModelCluster().has(one, stableDeployment(aDigest('1.0.0')), policyOf(), canary);
    cluster.api.put(aReplicaSet(canary));
    cluster.api.put(aCanaryPod('late', false));
    cluster.api.put(aCanaryPod('ready', true));
    const { facts } = await observe(cluster, { whyNotReady: (address) => Promise.resolve(`${address} loads`) });
    expect(facts.canaries[0]?.pods.map(({ waiting }) => waiting)).toEqual(['late:8000 loads', undefined]);
    expect(facts.canaries[0]?.comparison).toBeUndefined();
  });

  it('names a pod that misbehaves when it is asked', async () => {
    const cluster = new ModelCluster().has(one, stableDeployment(aDigest('1.0.0')), policyOf(), canary);
    cluster.api.put(aReplicaSet(canary));
    cluster.api.put(aCanaryPod('late', false));
    const { facts } = await observe(cluster, { whyNotReady: () => Promise.reject(new Error('/readyz redirects')) });
    expect(facts.canaries[0]?.pods[0]?.waiting).toBe('pod late: /readyz redirects');
  });

  it('reads counters at a step, and says when a pod does not answer', async () => {
    const cluster = new ModelCluster().has(
      one,
      aVersion('1.1.0', atStep(1)),
      stableDeployment(aDigest('1.0.0')),
      policyOf(),
      canary,
    );
    cluster.api.put(aReplicaSet(canary));
    cluster.api.put(aCanaryPod('here', true));
    cluster.api.put(aCanaryPod('silent', true));
    const scrape = (address: string): Promise<ProcessCounters> =>
      address.startsWith('here') ? Promise.resolve(counted(7)) : Promise.reject(new Error('reset'));
    const { facts } = await observe(cluster, { scrape });
    expect(facts.counters).toMatchObject({
      isComplete: false,
      failure: 'the counters of pod silent could not be read: reset',
      canary: { 'uid-here': { requests: 7 } },
      stable: {},
    });
  });

  it('counts and asks no pod that only has the labels', async () => {
    const stable = stableDeployment(aDigest('1.0.0'));
    const cluster = new ModelCluster().has(one, aVersion('1.1.0', atStep(1)), stable, policyOf(), canary);
    for (const object of [aReplicaSet(stable), aReplicaSet(canary)]) cluster.api.put(object);
    for (const track of [STABLE, CANARY])
      for (const isReady of [true, false]) cluster.api.put(labelled(track, `${track}-${String(isReady)}`, isReady));
    cluster.api.put(ownedBy(aReplicaSet(stable), labelled(STABLE, 'owned', true)));
    const asked: string[] = [];
    const { facts } = await observe(cluster, {
      scrape: (address) => {
        asked.push(address);
        return Promise.resolve(counted(7));
      },
      whyNotReady: (address) => {
        asked.push(address);
        return Promise.resolve('let me in');
      },
    });
    expect(asked).toEqual(['owned:8000']);
    expect(facts.stable).toMatchObject({ track: { pods: [{ name: 'owned' }] } });
    expect(facts.canaries.map(({ pods }) => pods)).toEqual([[]]);
  });

  it('counts the pods that a restart of the stable Deployment replaces, and those that replace them', async () => {
    const stable = stableDeployment(aDigest('1.0.0'));
    const restarted: Deployment = { ...stable, status: { ...stable.status, replicas: 4, updatedReplicas: 1 } };
    const cluster = new ModelCluster().has(one, restarted, policyOf());
    for (const hash of ['old', 'new']) {
      const replicaSet = aReplicaSet(stable, hash);
      cluster.api.put(replicaSet);
      cluster.api.put(ownedBy(replicaSet, labelled(STABLE, hash, true)));
    }
    const { facts } = await observe(cluster);
    expect(facts.stable).toMatchObject({
      track: { isRolledOut: false, isStuck: false, pods: [{ name: 'old' }, { name: 'new' }] },
    });
  });

  it('does not call a Deployment stuck that somebody paused after it was', async () => {
    const stable = stableDeployment(aDigest('1.0.0'));
    const conditions = [{ type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded' }];
    const stuck: Deployment = { ...stable, status: { ...stable.status, updatedReplicas: 1, conditions } };
    const of = async (deployment: Deployment) =>
      (await observe(new ModelCluster().has(one, deployment, policyOf()))).facts.stable;
    expect(await of(stuck)).toMatchObject({ track: { isPaused: false, isStuck: true } });
    const paused: Deployment = { ...stuck, spec: { ...stuck.spec, paused: true } };
    expect(await of(paused)).toMatchObject({ track: { isPaused: true, isStuck: false } });
  });

  it('has the canary made again when the stable pods are restarted: both tracks then read the same configuration', async () => {
    const stable = stableDeployment(aDigest('1.0.0'));
    const { template } = stable.spec;
    const restartedAt = { 'kubectl.kubernetes.io/restartedAt': '2026-01-02T03:04:05Z' };
    const metadata = { ...template.metadata, annotations: restartedAt };
    const restarted: Deployment = { ...stable, spec: { ...stable.spec, template: { ...template, metadata } } };
    const hashes = [stable, restarted].map(async (deployment) => {
      const { facts } = await observe(new ModelCluster().has(one, deployment, policyOf()));
      return facts.stable.kind === 'found' ? facts.stable.track.template : undefined;
    });
    const [before, after] = await Promise.all(hashes);
    expect(after).not.toBe(before);
  });

  it('counts a pod of the canary only while it has the current template', async () => {
    const cluster = new ModelCluster().has(one, stableDeployment(aDigest('1.0.0')), policyOf(), canary);
    const other = aReplicaSet(canary, 'before');
    const pod = labelled(CANARY, 'before', true);
    const metadata = {
      ...pod.metadata,
      annotations: { ...pod.metadata.annotations, [annotations.template]: 'before' },
    };
    for (const object of [other, aReplicaSet(canary), aCanaryPod('now', true), ownedBy(other, { ...pod, metadata })])
      cluster.api.put(object);
    expect((await observe(cluster)).facts.canaries[0]?.pods.map(({ name }) => name)).toEqual(['now']);
  });

  it.each<[string, number | 'missing']>([
    ['as it stands', 25],
    ['as missing where its Service is gone', 'missing'],
  ])('tells the route %s', async (_title, weight) => {
    const stable = stableDeployment(aDigest('1.0.0'));
    const cluster = new ModelCluster().has(one, stable, policyOf(GATEWAY));
    const gateway = aPolicy({
      traffic: { gateway: { parentRefs: [{ name: 'gw' }], stableService: 's', canaryService: 'c' } },
    });
    const stableService = aService('s', 8080);
    const inputs = { stable, gateway: gateway.traffic.gateway!, stableService, canaryService: aService('c', 8080) };
    if (weight !== 'missing') cluster.has(stableService, inputs.canaryService);
    cluster.api.put(httpRoute(25, inputs));
    const { facts, route } = await observe(cluster);
    expect(facts.routeWeight).toBe(weight);
    expect(route === undefined).toBe(weight === 'missing');
  });

  it('tells why requests do not follow the route', async () => {
    const stable = stableDeployment(aDigest('1.0.0'));
    const [stableService, canaryService] = [aService('s', 8080), aService('c', 8080)];
    const cluster = new ModelCluster().has(one, stable, policyOf(GATEWAY), stableService, canaryService);
    const gateway = aPolicy({
      traffic: { gateway: { parentRefs: [{ name: 'gw' }], stableService: 's', canaryService: 'c' } },
    }).traffic.gateway!;
    cluster.api.put(httpRoute(25, { stable, gateway, stableService, canaryService }));
    const { facts } = await observe(cluster);
    expect(facts.routeTrouble).toEqual({ isRefused: false, message: 'No gateway gw has answered to it' });
  });

  it('has no route where the Gateway API is not installed', async () => {
    const cluster = new ModelCluster().has(
      one,
      stableDeployment(aDigest('1.0.0')),
      policyOf(GATEWAY),
      aService('s', 8080),
    );
    cluster.api.fail({ kind: 'HTTPRoute' }, refusals.kindMissing());
    expect((await observe(cluster)).facts.routeWeight).toBe('missing');
  });

  it('ends with the signal while the API server hangs', async () => {
    const cluster = new ModelCluster().has(one, stableDeployment(aDigest('1.0.0')), policyOf(GATEWAY));
    cluster.api.fail({ verb: 'get' }, 'hang');
    const stop = new AbortController();
    const pass = cluster.reconciler.reconcile(KEY, stop.signal);
    stop.abort(new Error('the lease is lost'));
    await expect(pass).rejects.toThrow('the lease is lost');
  });
});
