import { randomBytes } from 'node:crypto';
import { ApiError } from '@pawl/shared/kubernetes/api-error';
import { KubeClient } from '@pawl/shared/kubernetes/client';
import type { KubeObject, ResourceType } from '@pawl/shared/kubernetes/kube-object';
import type { KubernetesApi } from '@pawl/shared/kubernetes/kubernetes-api';
import { type ConfigMap, configMaps, deployments } from '@pawl/shared/kubernetes/objects';
import type { WatchEvent } from '@pawl/shared/kubernetes/requests';
import { FakeApi, refusals } from './fake-api.ts';
import { describeWhenSet } from './when-set.ts';

type Api = Omit<KubernetesApi, 'jsonPatch'>;

const namespaces: ResourceType = { group: '', version: 'v1', plural: 'namespaces', kind: 'Namespace' };
const own = { fieldManager: 'one' };

/** `status reason` of a refusal; `none` when there was none. */
const refusalOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'none',
    (error: unknown) => (error instanceof ApiError ? `${error.status} ${error.reason}` : String(error)),
  );

/** What must hold of every API server, so that a test against the fake says something about the real one. */
function holdsTheContract(open: () => Promise<{ api: Api; namespace: string; close: () => Promise<void> }>): void {
  let api: Api;
  let namespace: string;
  let close: () => Promise<void>;
  beforeAll(async () => {
    ({ api, namespace, close } = await open());
  });
  afterAll(() => close());

  let number = 0;
  let name: string;
  beforeEach(() => {
    number += 1;
    name = `object-${number}`;
  });
  const map = (data: Readonly<Record<string, string>> = {}, metadata: object = {}): ConfigMap => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace, ...metadata },
    data,
  });
  const deployment = (...containers: readonly object[]) => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace },
    spec: {
      replicas: 0,
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels: { app: name } }, spec: { containers } },
    },
  });
  const web = (...env: readonly object[]) => ({ name: 'web', image: 'web', env });
  const read = async () => (await api.get(configMaps, namespace, name))?.data;

  it('has no object that nobody made', async () => {
    expect(await api.get(configMaps, namespace, name)).toBeUndefined();
    expect(await refusalOf(api.mergePatch(configMaps, namespace, name, { data: {} }))).toBe('404 NotFound');
    expect(await refusalOf(api.update(configMaps, map()))).toBe('404 NotFound');
    await api.delete(configMaps, namespace, name);
  });

  it('names and dates what is made, once', async () => {
    const made = await api.create(configMaps, map({ a: '1' }));
    expect(made.metadata).toMatchObject({ uid: expect.any(String), resourceVersion: expect.any(String) });
    expect(made.metadata.creationTimestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    expect(await refusalOf(api.create(configMaps, map()))).toBe('409 AlreadyExists');
    expect(await read()).toEqual({ a: '1' });
  });

  it('replaces what was read, and nothing that changed since', async () => {
    const made = await api.create(configMaps, map({ a: '1' }));
    const same = await api.update(configMaps, made);
    expect(same.metadata.resourceVersion).toBe(made.metadata.resourceVersion);
    await api.update(configMaps, { ...made, data: { a: '2' } });
    expect(await refusalOf(api.update(configMaps, { ...made, data: { a: '3' } }))).toBe('409 Conflict');
    expect(await read()).toEqual({ a: '2' });
  });

  it('merges a patch, and removes what it has null for', async () => {
    const made = await api.create(configMaps, map({ a: '1', b: '2' }));
    await api.mergePatch(configMaps, namespace, name, { data: { a: null, c: '3' } });
    expect(await read()).toEqual({ b: '2', c: '3' });
    const { resourceVersion } = made.metadata;
    const stale = api.mergePatch(configMaps, namespace, name, { data: { b: '9' } }, { resourceVersion });
    expect(await refusalOf(stale)).toBe('409 Conflict');
  });

  it('counts generations of the spec alone', async () => {
    await api.create(deployments, deployment(web()));
    const labelled = await api.mergePatch(deployments, namespace, name, { metadata: { labels: { a: 'b' } } });
    expect(labelled.metadata.generation).toBe(1);
    const scaled = await api.mergePatch(deployments, namespace, name, { spec: { revisionHistoryLimit: 3 } });
    expect(scaled.metadata.generation).toBe(2);
  });

  it('writes a status by its subresource alone', async () => {
    const status = { observedGeneration: 7 };
    const made = await api.create(deployments, { ...deployment(web()), status });
    expect(made.status?.observedGeneration).not.toBe(7);
    const options = { subresource: 'status' };
    const patch = { status: { replicas: 5 }, spec: { replicas: 4 } };
    const patched = await api.mergePatch(deployments, namespace, name, patch, options);
    expect(patched).toMatchObject({ status: { replicas: 5 }, spec: { replicas: 0 } });
    const missing = { ...deployment(), metadata: { name: 'missing', namespace } };
    expect(await refusalOf(api.apply(deployments, missing, { ...own, ...options }))).toBe('404 NotFound');
  });

  it('applies: makes the object, and changes nothing the second time', async () => {
    const first = await api.apply(configMaps, map({ a: '1' }), own);
    const second = await api.apply(configMaps, map({ a: '1' }), own);
    expect(second.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
  });

  it('applies: drops what it no longer names, and keeps what is of others', async () => {
    await api.apply(configMaps, map({ a: '1', b: '2' }), own);
    await api.apply(configMaps, map({ c: '3' }), { fieldManager: 'two' });
    await api.apply(configMaps, map({ a: '1' }), own);
    expect(await read()).toEqual({ a: '1', c: '3' });
  });

  it('applies: takes a field of somebody else by force alone', async () => {
    await api.apply(configMaps, map({ a: '1' }), own);
    const other = { fieldManager: 'two' };
    expect(await refusalOf(api.apply(configMaps, map({ a: '2' }), other))).toBe('409 Conflict');
    await api.apply(configMaps, map({ a: '2' }), { ...other, force: true });
    expect(await read()).toEqual({ a: '2' });
    // It is theirs now: letting go of it does not remove it.
    await api.apply(configMaps, map({ b: '1' }), own);
    expect(await read()).toEqual({ a: '2', b: '1' });
  });

  it('applies: refuses a stale view', async () => {
    const first = await api.apply(configMaps, map({ a: '1' }), own);
    await api.apply(configMaps, map({ a: '2' }), own);
    const { resourceVersion } = first.metadata;
    expect(await refusalOf(api.apply(configMaps, map({ a: '3' }, { resourceVersion }), own))).toBe('409 Conflict');
  });

  it('applies: tells the items of a list apart by their names', async () => {
    await api.apply(deployments, deployment(web({ name: 'A', value: '1' })), own);
    const theirs = {
      ...deployment(),
      spec: { template: { spec: { containers: [{ name: 'web', env: [{ name: 'B', value: '2' }] }] } } },
    };
    await api.apply(deployments, theirs, { fieldManager: 'two' });
    await api.apply(deployments, deployment(web({ name: 'C', value: '3' })), own);
    const [container] = (await api.get(deployments, namespace, name))?.spec.template.spec.containers ?? [];
    expect(container?.env?.map((variable) => variable.name).toSorted()).toEqual(['B', 'C']);
  });

  it('deletes what is meant, and nothing that came later under the same name', async () => {
    const made = await api.create(configMaps, map());
    expect(await refusalOf(api.delete(configMaps, namespace, name, { uid: 'another' }))).toBe('409 Conflict');
    await api.delete(configMaps, namespace, name, { uid: made.metadata.uid });
    expect(await api.get(configMaps, namespace, name)).toBeUndefined();
  });

  it('lists by label, page by page', async () => {
    const labels = { suite: name };
    for (const suffix of ['a', 'b', 'c'])
      await api.create(configMaps, { ...map(), metadata: { name: `${name}-${suffix}`, namespace, labels } });
    const sizes: number[] = [];
    const options = { namespace, labelSelector: `suite=${name}`, limit: 2 };
    for await (const { items } of api.pages(configMaps, options)) sizes.push(items.length);
    expect(sizes).toEqual([2, 1]);
    expect((await api.list(configMaps, { namespace, labelSelector: 'suite=none' })).items).toEqual([]);
  });

  it('tells a watch what happened since, until it is aborted', async () => {
    const labelSelector = `watched=${name}`;
    const { resourceVersion } = await api.list(configMaps, { namespace, labelSelector });
    const labels = { watched: name };
    await api.create(configMaps, map({ a: '1' }, { labels }));
    await api.mergePatch(configMaps, namespace, name, { data: { a: '2' } });
    await api.mergePatch(configMaps, namespace, name, { metadata: { labels: { watched: null } } });
    await api.mergePatch(configMaps, namespace, name, { metadata: { labels } });
    await api.delete(configMaps, namespace, name);
    const told: string[] = [];
    const stop = new AbortController();
    const watching = async (): Promise<void> => {
      const events = api.watch(configMaps, { namespace, labelSelector, resourceVersion }, stop.signal);
      for await (const { type, object } of events as AsyncIterable<WatchEvent<KubeObject>>) {
        if (type !== 'BOOKMARK') told.push(`${type} ${object.metadata.name}`);
        if (told.length === 5) stop.abort(new Error('seen enough'));
      }
    };
    await expect(watching()).rejects.toThrow('seen enough');
    expect(told.map((line) => line.split(' ')[0])).toEqual(['ADDED', 'MODIFIED', 'DELETED', 'ADDED', 'DELETED']);
  });

  it('throws the reason of a signal that is aborted', async () => {
    const signal = AbortSignal.abort(new Error('no interest any more'));
    await expect(api.get(configMaps, namespace, name, { signal })).rejects.toThrow('no interest any more');
  });
}

describe('the fake API', () => {
  holdsTheContract(() => Promise.resolve({ api: new FakeApi(), namespace: 'ns', close: () => Promise.resolve() }));
});

describeWhenSet('KUBECONFIG', 'a real API server, by the same contract', (path) => {
  holdsTheContract(async () => {
    const client = KubeClient.fromKubeconfig({ path });
    const namespace = `fake-api-test-${randomBytes(4).toString('hex')}`;
    await client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
    const close = async (): Promise<void> => {
      await client.delete(namespaces, undefined, namespace);
      await client.close();
    };
    return { api: client, namespace, close };
  });
});

describe('the faults of the fake API', () => {
  const api = new FakeApi();
  const get = (name: string, signal?: AbortSignal) => api.get(configMaps, 'ns', name, { signal });

  it.each<[string, Error, string]>([
    ['conflict', refusals.conflict(), '409 Conflict'],
    ['gone', refusals.gone(), '410 Expired'],
    ['forbidden', refusals.forbidden(), '403 Forbidden'],
    ['invalid', refusals.invalid(), '422 Invalid'],
    ['missing kind', refusals.kindMissing(), '404 NotFound'],
  ])('%s', async (_title, fault, said) => {
    api.fail({ verb: 'list', kind: 'Pod' }, fault, 1);
    api.fail({ verb: 'list', kind: 'ConfigMap' }, fault, 1);
    expect(await refusalOf(api.list(configMaps))).toBe(said);
    expect(await refusalOf(api.list(configMaps))).toBe('none');
  });

  it('concern who is meant, until they are over', async () => {
    const heal = api.fail({ verb: 'get', name: 'a' }, refusals.conflict());
    expect([await refusalOf(get('a')), await refusalOf(get('b'))]).toEqual(['409 Conflict', 'none']);
    heal();
    expect(await refusalOf(get('a'))).toBe('none');
  });

  it('hang until the caller has had enough', async () => {
    api.fail({ verb: 'get' }, 'hang', 1);
    const stop = new AbortController();
    const hanging = get('a', stop.signal);
    stop.abort(new Error('enough'));
    await expect(hanging).rejects.toThrow('enough');
  });

  it('end a watch, break it, and refuse one that is too old', async () => {
    const watch = async (resourceVersion?: string): Promise<string> => {
      const events = api.watch(configMaps, { resourceVersion }, new AbortController().signal);
      return refusalOf(events.next());
    };
    const ended = watch();
    const turn = Promise.resolve();
    await turn.then(() => turn).then(() => turn);
    api.endWatches();
    expect(await ended).toBe('none');
    const broken = watch();
    await turn.then(() => turn).then(() => turn);
    api.endWatches(refusals.gone());
    expect(await broken).toBe('410 Expired');
    api.forgetChanges();
    expect(await watch('1')).toBe('410 Expired');
  });
});
