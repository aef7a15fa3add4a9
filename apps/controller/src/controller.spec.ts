import { readFileSync } from 'node:fs';
import { FakeClock } from '@pawl/shared/concurrency/test/fake-clock';
import type { ModelVersion } from '@pawl/shared/modelversion/model-version';
import type { KubeObject, ResourceType } from '@pawl/shared/kubernetes/kube-object';
import type { ListOptions, ObjectList } from '@pawl/shared/kubernetes/requests';
import { modelVersions } from '@pawl/shared/modelversion/resource';
import { annotations, CANARY, labels } from '@pawl/shared/modelversion/names';
import { FakeApi, refusals } from '@pawl/test-kit/fake-api';
import { aDigest } from '@pawl/test-kit/model-versions';
import { aPod, aReplicaSet, ownedBy } from '@pawl/test-kit/pods';
import { inRepository } from '@pawl/test-kit/repository';
import { parseConfig } from './config.ts';
import { runController } from './controller.ts';
import { aVersion, NOW } from './model-version/test/builders.ts';
import { silentPods, stableDeployment } from './model-version/test/model-cluster.ts';
import { leases } from '@pawl/shared/kubernetes/objects';
import { Metrics } from './runtime/metrics.ts';
import { MemoryLogger } from './runtime/test/fake-objects.ts';

/** A controller that runs against an API server in memory, and a clock that the test moves. */
function aController() {
  const clock = new FakeClock(NOW);
  const api = new FakeApi(() => clock.now());
  const logger = new MemoryLogger();
  const stop = new AbortController();
  const config = parseConfig({ NAMESPACE: 'ns', PORT: '0', HOST: '127.0.0.1' });
  const metrics = new Metrics();
  /** Addresses of the pods that were asked why they are not ready. */
  const asked: string[] = [];
  const whyNotReady = (address: string) => {
    asked.push(address);
    return Promise.resolve(undefined);
  };
  const options = { config, client: api, logger, metrics, identity: 'me', clock, pods: { ...silentPods, whyNotReady } };
  const run = () => runController(options, stop.signal);
  const holder = async () => (await api.get(leases, 'ns', 'pawl-controller'))?.spec?.holderIdentity;
  const version = (): ModelVersion | undefined => api.all(modelVersions)[0];
  /** Lets time pass in small steps, until something holds. */
  const until = async (holds: () => unknown): Promise<void> => {
    for (let step = 0; step < 2_000 && !(await holds()); step += 1) await clock.advance(100);
    expect(await holds()).toBeTruthy();
  };
  return { api, asked, clock, logger, metrics, stop, run, holder, version, until };
}

describe('the controller', () => {
  it('takes the lease, follows the cluster, and gives the lease back when it is stopped', async () => {
    const { api, stop, run, holder, version, until } = aController();
    const running = run();
    await until(async () => (await holder()) === 'me');
    api.put(aVersion('1.1.0'));
    await until(() => version()?.status?.phase === 'Pending');
    stop.abort();
    await until(async () => (await holder()) === '');
    expect(await running).toBe('stopped');
  });

  it('publishes, by namespace, what alerts ask of the versions', async () => {
    const { api, metrics, stop, run, holder, version, until } = aController();
    const running = run();
    await until(async () => (await holder()) === 'me');
    api.put(aVersion('1.1.0'));
    await until(() => version()?.status?.phase === 'Pending');
    await until(async () =>
      (await metrics.text()).includes('pawl_controller_version_conditions{model_namespace="ns",condition="Stalled"} 1'),
    );
    expect(await metrics.text()).toContain('pawl_controller_rollout_seconds{model_namespace="ns"} 0');
    const text = await metrics.text();
    const rules = readFileSync(inRepository('monitoring/rules/controller.yaml'), 'utf8');
    const asked = [...rules.matchAll(/\b(pawl_controller_\w+)\{/g)].map(([, name = '']) => name.replace(/_count$/, ''));
    expect(asked.length).toBeGreaterThan(8);
    expect(asked.filter((name) => !text.includes(`# TYPE ${name} `))).toEqual([]);
    stop.abort();
    await until(async () => (await holder()) === '');
    await running;
  });

  it('finds a version that was created while its watch was broken', async () => {
    const { api, stop, run, holder, version, until } = aController();
    const running = run();
    await until(async () => (await holder()) === 'me');
    api.endWatches(refusals.gone());
    api.put(aVersion('1.1.0'));
    await until(() => version()?.status?.phase === 'Pending');
    stop.abort();
    await until(async () => (await holder()) === '');
    await running;
  });

  it('looks at a pod again when its ReplicaSet is known', async () => {
    const { api, asked, clock, stop, run, holder, version, until } = aController();
    const own = { [labels.model]: 'm', [labels.track]: CANARY, [labels.modelVersion]: 'm-1.1.0' };
    const made = stableDeployment(aDigest('1.1.0'), own);
    const canary = { ...made, metadata: { ...made.metadata, annotations: { [annotations.template]: 't' } } };
    const replicaSet = aReplicaSet(canary);
    const of = { [annotations.digest]: aDigest('1.1.0'), [annotations.template]: 't' };
    const pod = aPod('p', { metadata: { name: 'p', namespace: 'ns', uid: 'p', labels: own, annotations: of } });
    // Nothing else of the environment is there, so only a change causes another look.
    for (const object of [aVersion('1.1.0'), canary]) api.put(object);
    api.put({ ...ownedBy(replicaSet, pod), status: { podIP: '10.0.0.7', conditions: [] } });
    const running = run();
    await until(() => version()?.status?.phase === 'Pending');
    await clock.advance(60_000);
    expect(asked).toEqual([]);
    api.put(replicaSet);
    await until(() => asked.length > 0);
    expect(asked[0]).toBe('10.0.0.7:8000');
    stop.abort();
    await until(async () => (await holder()) === '');
    await running;
  });

  it.each([
    ['forbidden', refusals.forbidden('may not list pods')],
    ['of a kind that does not exist', refusals.kindMissing()],
    ['never answered', 'hang' as const],
  ])('ends when it is stopped while a list is %s', async (_title, fault) => {
    const { api, stop, run, holder, until } = aController();
    api.fail({ verb: 'list', kind: 'Pod' }, fault);
    const running = run();
    await until(async () => (await holder()) === 'me');
    stop.abort();
    await until(async () => (await holder()) === '');
    expect(await running).toBe('stopped');
  });

  it.each([
    ['watches of pods', { verb: 'watch', kind: 'Pod' } as const],
    ['lists of pods', { verb: 'list', kind: 'Pod' } as const],
  ])('tells that the server refuses %s, until it shows them again', async (_title, matching) => {
    const { api, stop, run, holder, version, until } = aController();
    const refused = () => version()?.status?.conditions.find(({ type }) => type === 'Refused')?.message;
    const running = run();
    await until(async () => (await holder()) === 'me');
    api.put(aVersion('1.1.0'));
    await until(() => version()?.status?.phase === 'Pending');
    const heal = api.fail(matching, refusals.forbidden('it may not'));
    api.endWatches(refusals.gone());
    await until(() => refused() === 'The API server refuses to show pods: it may not');
    heal();
    api.put({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'p', namespace: 'ns', labels: { [labels.model]: 'm' } },
    });
    await until(() => refused() === undefined);
    stop.abort();
    await until(async () => (await holder()) === '');
    await running;
  });

  it('stops with an error when its first lists do not come, names them, and lets another replica try', async () => {
    const { api, clock, run, holder, until } = aController();
    api.fail({ verb: 'list', kind: 'Pod' }, refusals.forbidden('may not list pods'));
    const running = run().then(
      () => 'it ended',
      (error: unknown) => (error as Error).message,
    );
    await until(async () => (await holder()) === 'me');
    await clock.advance(121_000);
    expect(await running).toBe('No complete list of Pod in the namespace ns within 120 s; the log says why.');
    expect(await holder()).toBe('');
  });
});

describe('a controller of several namespaces', () => {
  const clock = new FakeClock(NOW);
  const until = async (holds: () => unknown): Promise<void> => {
    for (let step = 0; step < 2_000 && !(await holds()); step += 1) await clock.advance(100);
    expect(await holds()).toBeTruthy();
  };
  const inNamespace = (namespace: string, version: ModelVersion): ModelVersion => ({
    ...version,
    metadata: { ...version.metadata, namespace, uid: `uid-${namespace}` },
  });

  /** Refuses to list the pods of the namespace `a`. */
  class WithoutPodsOfA extends FakeApi {
    override pages<T extends KubeObject>(type: ResourceType<T>, options?: ListOptions): AsyncGenerator<ObjectList<T>> {
      if (type.kind === 'Pod' && options?.namespace === 'a') throw refusals.forbidden('may not list pods');
      return super.pages(type, options);
    }
  }

  function aCluster(api = new FakeApi(() => clock.now())) {
    const start = (identity: string, environment: Readonly<Record<string, string>>) => {
      const stop = new AbortController();
      const config = parseConfig({ PORT: '0', HOST: '127.0.0.1', ...environment });
      const logger = new MemoryLogger();
      const running = runController(
        { config, client: api, logger, metrics: new Metrics(), identity, clock },
        stop.signal,
      );
      running.catch(() => undefined);
      return async () => {
        stop.abort();
        let isOver = false;
        const ended = running.finally(() => {
          isOver = true;
        });
        ended.catch(() => undefined);
        await until(() => isOver);
        return await ended;
      };
    };
    const holder = async (namespace: string) =>
      (await api.get(leases, namespace, 'pawl-controller'))?.spec?.holderIdentity;
    return { api, start, holder };
  }

  it('rolls out in each of them, and in no other', async () => {
    const { api, start, holder } = aCluster();
    for (const namespace of ['a', 'b', 'c']) api.put(inNamespace(namespace, aVersion('1.1.0')));
    const stop = start('me', { NAMESPACE: 'c', WATCH_NAMESPACES: 'a,b' });
    const phaseIn = async (namespace: string) => (await api.get(modelVersions, namespace, 'm-1.1.0'))?.status?.phase;
    await until(async () => (await phaseIn('a')) === 'Pending' && (await phaseIn('b')) === 'Pending');
    expect([await phaseIn('c'), await holder('a'), await holder('b'), await holder('c')]).toEqual([
      undefined,
      'me',
      'me',
      undefined,
    ]);
    expect(await stop()).toBe('stopped');
    expect([await holder('a'), await holder('b')]).toEqual(['', '']);
  });

  it('leaves a namespace to the controller that holds its Lease, and takes it when that one ends', async () => {
    const { start, holder } = aCluster();
    const stopOther = start('other', { NAMESPACE: 'b' });
    await until(async () => (await holder('b')) === 'other');
    const stop = start('me', { NAMESPACE: 'a', WATCH_NAMESPACES: 'a,b' });
    await until(async () => (await holder('a')) === 'me');
    await clock.advance(60_000);
    expect(await holder('b')).toBe('other');
    await stopOther();
    await until(async () => (await holder('b')) === 'me');
    await stop();
  });

  it('ends as a whole when the lists of one namespace do not come, and gives every Lease back', async () => {
    const { start, holder } = aCluster(new WithoutPodsOfA(() => clock.now()));
    const stop = start('me', { NAMESPACE: 'a', WATCH_NAMESPACES: 'a,b' });
    await until(async () => (await holder('a')) === 'me' && (await holder('b')) === 'me');
    await until(async () => (await holder('a')) === '' && (await holder('b')) === '');
    await expect(stop()).rejects.toThrow('No complete list of Pod in the namespace a');
  });
});
