import { eventually } from '@pawl/test-kit/eventually';
import { describeWhenSet } from '@pawl/test-kit/when-set';
import {
  ApiError,
  ApiUnreachable,
  isAlreadyExists,
  isConflict,
  isGone,
  isInvalid,
} from '@pawl/shared/kubernetes/api-error';
import { systemClock } from '@pawl/shared/concurrency/clock';
import { configMaps, events, leases } from '@pawl/shared/kubernetes/objects';
import { EventRecorder } from './events.ts';
import { Informer, type RestartReason } from './informer.ts';
import { KubeClient } from '@pawl/shared/kubernetes/client';
import { KubeConnection } from '@pawl/shared/kubernetes/connection';
import { loadKubeconfig } from '@pawl/shared/kubernetes/kubeconfig';
import { joinKey, type KubeObject, keyOf, type ResourceType } from '@pawl/shared/kubernetes/kube-object';
import { LeaderElection } from './lease.ts';
import { configMap, makeKind, makeNamespace } from './test/cluster.ts';
import type { Thing } from '@pawl/shared/kubernetes/test/things';
import { gone, MemoryLogger } from './test/fake-objects.ts';
import { clientVia, FaultyProxy, serverOf, status } from '@pawl/shared/kubernetes/test/fake-server';

const never = new AbortController().signal;
const caught = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

describeWhenSet('KUBECONFIG', 'the runtime against a real API server', (kubeconfig) => {
  const client = KubeClient.fromKubeconfig({ path: kubeconfig });
  let namespace: Awaited<ReturnType<typeof makeNamespace>>;
  let kind: Awaited<ReturnType<typeof makeKind>>;
  let things: ResourceType<Thing>;
  let ns: string;

  const thing = (name: string, rest: object = {}): KubeObject & Record<string, unknown> => ({
    apiVersion: `${things.group}/v1`,
    kind: 'Thing',
    metadata: { namespace: ns, name },
    ...rest,
  });

  /** What a test leaves open, also when it fails. */
  const opened: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const close of opened.splice(0).reverse()) await close();
  });

  async function behindProxy() {
    const proxy = new FaultyProxy(serverOf(kubeconfig));
    opened.push(() => proxy.stop());
    const through = clientVia(kubeconfig, await proxy.start());
    opened.push(() => through.close());
    return { proxy, through };
  }

  beforeAll(async () => {
    namespace = await makeNamespace(client);
    kind = await makeKind(client);
    ({ type: things } = kind);
    ns = namespace.name;
  });
  afterAll(async () => {
    await namespace.remove();
    await kind.remove();
    await client.close();
  });

  describe('KubeClient', () => {
    it('creates, reads, patches, replaces and deletes', async () => {
      const made = await client.create(configMaps, configMap(ns, 'crud', { a: '1' }));
      expect(made.metadata.uid).toBeDefined();
      expect(typeof made.metadata.creationTimestamp).toBe('string');
      expect(isAlreadyExists(await caught(client.create(configMaps, configMap(ns, 'crud'))))).toBe(true);

      const merged = await client.mergePatch(configMaps, ns, 'crud', { data: { b: '2' } });
      expect(merged.data).toEqual({ a: '1', b: '2' });
      const { resourceVersion } = made.metadata;
      expect(isConflict(await caught(client.mergePatch(configMaps, ns, 'crud', {}, { resourceVersion })))).toBe(true);
      expect(isConflict(await caught(client.update(configMaps, made)))).toBe(true);
      await client.update(configMaps, { ...merged, data: { c: '3' } });
      const test = { op: 'test', path: '/data/c', value: 'other' } as const;
      expect(isInvalid(await caught(client.jsonPatch(configMaps, ns, 'crud', [test])))).toBe(true);
      await client.jsonPatch(configMaps, ns, 'crud', [{ op: 'add', path: '/data/d', value: '4' }]);
      expect((await client.get(configMaps, ns, 'crud'))?.data).toEqual({ c: '3', d: '4' });
      await client.delete(configMaps, ns, 'crud');
      expect(await client.get(configMaps, ns, 'crud')).toBeUndefined();
    });

    it('deletes only an object that meets its preconditions', async () => {
      const { metadata } = await client.create(configMaps, configMap(ns, 'precondition'));
      const uid = '00000000-0000-0000-0000-000000000000';
      expect(isConflict(await caught(client.delete(configMaps, ns, 'precondition', { uid })))).toBe(true);
      expect(isConflict(await caught(client.delete(configMaps, ns, 'precondition', { resourceVersion: '1' })))).toBe(
        true,
      );
      await client.delete(configMaps, ns, 'precondition', {
        uid: metadata.uid,
        resourceVersion: metadata.resourceVersion,
      });
      await client.delete(configMaps, ns, 'precondition', { uid: metadata.uid });
    });

    it('writes nothing in a dry run', async () => {
      await client.apply(configMaps, configMap(ns, 'dry'), { fieldManager: 'test', dryRun: true });
      expect(await client.get(configMaps, ns, 'dry')).toBeUndefined();
    });

    it('lists in pages of one moment, by label', async () => {
      for (const name of ['page-1', 'page-2', 'page-3'])
        await client.create(configMaps, {
          ...configMap(ns, name),
          metadata: { namespace: ns, name, labels: { page: 'yes' } },
        });
      const names: string[] = [];
      const versions = new Set<string>();
      for await (const page of client.pages(configMaps, { namespace: ns, labelSelector: 'page=yes', limit: 2 })) {
        names.push(...page.items.map(({ metadata }) => metadata.name));
        versions.add(page.resourceVersion);
        expect(page.items[0]).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap' });
      }
      expect(names).toEqual(['page-1', 'page-2', 'page-3']);
      expect(versions.size).toBe(1);
    });

    it('watches until the server ends it, with a bookmark', async () => {
      const { resourceVersion } = await client.list(configMaps, { namespace: ns, limit: 1 });
      const seen: string[] = [];
      const watch = client.watch(configMaps, { namespace: ns, resourceVersion, timeoutSeconds: 3 }, never);
      await client.create(configMaps, configMap(ns, 'watched'));
      await client.mergePatch(configMaps, ns, 'watched', { data: { a: '1' } });
      await client.delete(configMaps, ns, 'watched');
      for await (const { type, object } of watch)
        if (type === 'BOOKMARK') expect(object.metadata.resourceVersion).toMatch(/^\d+$/);
        else if (object.metadata.name === 'watched') seen.push(type);
      expect(seen).toEqual(['ADDED', 'MODIFIED', 'DELETED']);
    });

    it('gets a 410 for a watch from the past, as the fakes make it', async () => {
      const real = await caught(drain(client.watch(things, { resourceVersion: '1', timeoutSeconds: 5 }, never)));
      expect(isGone(real)).toBe(true);
      expect(factsOf(real)).toEqual(factsOf(gone()));

      // What travelled, beside what the fake server sends.
      const path = `/apis/${things.group}/v1/things?watch=true&resourceVersion=1&timeoutSeconds=5`;
      const sent = JSON.parse(await textOf(kubeconfig, path)) as { object: { message: string } };
      const fake = status(410, 'Expired', sent.object.message);
      expect(sent).toEqual({ type: 'ERROR', object: fake });
    });

    it('gets a 410 for a page of a moment that is compacted, and 400 for a broken token', async () => {
      // What the server writes into a token. It forgets old moments every five minutes; a younger one still has this.
      const token = Buffer.from(JSON.stringify({ v: 'meta.k8s.io/v1', rv: 1, start: 'x\u0000' })).toString('base64url');
      const error = await caught(client.list(configMaps, { continue: token, limit: 1 }));
      expect(error === undefined || (isGone(error) && (error as ApiError).reason === 'Expired')).toBe(true);
      expect(await caught(client.list(configMaps, { continue: '!' }))).toMatchObject({
        status: 400,
        reason: 'BadRequest',
      });
    });
  });

  describe('server-side apply', () => {
    const apply = (fieldManager: string, object: KubeObject, more: { force?: boolean; subresource?: string } = {}) =>
      client.apply(things, object, { fieldManager, ...more });

    it('owns its fields, conflicts over those of others, and removes what it no longer wants', async () => {
      const first = await apply('test-ours', thing('ssa', { spec: { color: 'red', size: 'small' } }));
      const again = await apply('test-ours', thing('ssa', { spec: { color: 'red', size: 'small' } }));
      expect(again.metadata.resourceVersion).toBe(first.metadata.resourceVersion);

      expect(isConflict(await caught(apply('test-theirs', thing('ssa', { spec: { color: 'blue' } }))))).toBe(true);
      await apply('test-theirs', thing('ssa', { spec: { weight: 5 } }));
      const { spec } = await apply('test-ours', thing('ssa', { spec: { color: 'red' } }));
      expect(spec).toEqual({ color: 'red', weight: 5 });
      const taken = thing('ssa', { spec: { color: 'blue', weight: 5 } });
      expect((await apply('test-theirs', taken, { force: true })).spec).toEqual({ color: 'blue', weight: 5 });
    });

    it('writes the status without touching the rest', async () => {
      await apply('test-ours', thing('status', { spec: { color: 'red' }, status: { ignored: true } }));
      const conditions = [{ type: 'Ready', status: 'True' }];
      const object = await apply('test-ours', thing('status', { status: { conditions } }), { subresource: 'status' });
      expect(object).toMatchObject({ spec: { color: 'red' }, status: { conditions } });
      expect(object).not.toHaveProperty('status.ignored');
    });

    it('with a resourceVersion refuses a write that was decided on an older object', async () => {
      const { metadata } = await apply('test-ours', thing('stale', { spec: { color: 'red' } }));
      await apply('test-theirs', thing('stale', { spec: { weight: 1 } }));
      const { name, namespace, resourceVersion } = metadata;
      const late = thing('stale', { metadata: { name, namespace, resourceVersion }, spec: { color: 'green' } });
      expect(isConflict(await caught(apply('test-ours', late)))).toBe(true);
    });
  });

  describe('Informer', () => {
    interface Following {
      readonly informer: Informer<Thing>;
      readonly restarts: RestartReason[];
      readonly changes: string[];
      readonly stop: () => Promise<void>;
    }

    function follow(through: KubeClient, options: { silenceMs?: number; labelSelector?: string } = {}): Following {
      const restarts: RestartReason[] = [];
      const changes: string[] = [];
      const metrics = {
        restarted: (reason: RestartReason) => restarts.push(reason),
        relisted: () => undefined,
        missed: () => undefined,
      };
      const logger = new MemoryLogger();
      const informer = new Informer<Thing>({
        client: through,
        type: things,
        namespace: ns,
        pageSize: 2,
        logger,
        metrics,
        ...options,
      });
      informer.onChange((current, old) => {
        changes.push(
          `${current === undefined ? '-' : old === undefined ? '+' : '~'}${keyOf(current ?? old ?? thing('none'))}`,
        );
      });
      const controller = new AbortController();
      const running = informer.run(controller.signal);
      opened.push(() => {
        controller.abort();
        return running;
      });
      return {
        informer,
        restarts,
        changes,
        stop: async () => {
          controller.abort();
          await running;
        },
      };
    }

    const labelled = (name: string, label: string): KubeObject => {
      const plain = thing(name);
      return { ...plain, metadata: { ...plain.metadata, labels: { test: label } } };
    };

    it('lists and follows', async () => {
      for (const name of ['follow-1', 'follow-2', 'follow-3'])
        await client.apply(things, labelled(name, 'follow'), { fieldManager: 't' });
      const { informer, changes, stop } = follow(client, { labelSelector: 'test=follow' });
      await informer.synced;
      expect(informer.list().map(({ metadata }) => metadata.name)).toEqual(['follow-1', 'follow-2', 'follow-3']);
      expect(informer.get(ns, 'follow-1')!.metadata).not.toHaveProperty('managedFields');
      await client.delete(things, ns, 'follow-2');
      await client.apply(things, { ...labelled('follow-1', 'follow'), spec: { color: 'red' } }, { fieldManager: 't' });
      await eventually('both changes are told', () => changes.length === 5);
      expect(changes.slice(3)).toEqual([`-${joinKey(ns, 'follow-2')}`, `~${joinKey(ns, 'follow-1')}`]);
      await stop();
      expect(informer.state).toBe('stopping');
    });

    it('survives connections that are cut, and a server that is away for a while', async () => {
      const { proxy, through } = await behindProxy();
      const { informer, restarts, changes, stop } = follow(through, { labelSelector: 'test=cut' });
      await informer.synced;
      await client.apply(things, labelled('cut-1', 'cut'), { fieldManager: 't' });
      await eventually('the first object is told', () => changes.length === 1);

      proxy.refuse(true);
      proxy.cut();
      await eventually('the informer notices', () => informer.state === 'backing-off');
      await client.apply(things, labelled('cut-2', 'cut'), { fieldManager: 't' });
      await client.delete(things, ns, 'cut-1');
      proxy.refuse(false);
      await eventually('the informer catches up', () => changes.length === 3);
      expect(changes).toEqual(expect.arrayContaining([`+${joinKey(ns, 'cut-2')}`, `-${joinKey(ns, 'cut-1')}`]));
      expect(informer.list()).toHaveLength(1);
      expect(restarts).toContain('failed');
      await stop();
    });

    it('closes a connection that is silently dead', async () => {
      const { proxy, through } = await behindProxy();
      const { informer, restarts, changes, stop } = follow(through, { labelSelector: 'test=frozen', silenceMs: 4000 });
      await informer.synced;
      await client.apply(things, labelled('frozen-1', 'frozen'), { fieldManager: 't' });
      await eventually('the first object is told', () => changes.length === 1);
      proxy.freeze();
      proxy.thaw();
      await client.apply(things, labelled('frozen-2', 'frozen'), { fieldManager: 't' });
      await eventually('the informer catches up', () => changes.length === 2);
      expect(restarts).toContain('silent');
      await stop();
    });
  });

  describe('FaultyProxy', () => {
    it('carries what it is given, cuts, refuses and freezes', async () => {
      const { proxy, through } = await behindProxy();
      expect(await through.get(configMaps, ns, 'nothing')).toBeUndefined();
      proxy.refuse(true);
      proxy.cut();
      expect(await caught(through.get(configMaps, ns, 'nothing'))).toBeInstanceOf(ApiUnreachable);
      proxy.refuse(false);
      expect(await through.get(configMaps, ns, 'nothing')).toBeUndefined();
      proxy.freeze();
      const frozen = await caught(through.get(configMaps, ns, 'nothing', { timeoutMs: 300 }));
      expect((frozen as Error).message).toContain('no answer in time');
      proxy.thaw();
      expect(await through.get(configMaps, ns, 'nothing')).toBeUndefined();
    });
  });

  describe('LeaderElection', () => {
    /** For a leader that is to lose its lease; a leader that keeps it has more time than the slowest machine needs. */
    const short = { durationMs: 3000, renewDeadlineMs: 2000, retryMs: 300 };
    const long = { durationMs: 60_000, renewDeadlineMs: 45_000, retryMs: 300 };

    function candidate(identity: string, through: KubeClient, name: string, periods: typeof short) {
      const logger = new MemoryLogger();
      const election = new LeaderElection({ client: through, namespace: ns, name, identity, logger, ...periods });
      const stop = new AbortController();
      const state = { leads: false };
      const ended = election.run(stop.signal, {
        onStarted: (until) =>
          new Promise((resolve) => {
            state.leads = true;
            until.addEventListener('abort', () => {
              resolve();
            });
          }),
        onStopped: () => {
          state.leads = false;
        },
      });
      opened.push(async () => {
        stop.abort();
        await caught(ended);
      });
      return { election, state, stop, ended };
    }

    it('hands over when the leader stops, and writes what kubectl and other clients read', async () => {
      const a = candidate('a', client, 'handover', long);
      await eventually('a leads', () => a.state.leads);
      const b = candidate('b', client, 'handover', long);
      await eventually('b knows a', () => b.election.leader === 'a');
      a.stop.abort();
      expect(await a.ended).toBe('stopped');
      await eventually('b leads', () => b.state.leads);
      expect((await client.get(leases, ns, 'handover'))?.spec).toMatchObject({
        holderIdentity: 'b',
        leaseDurationSeconds: 60,
        leaseTransitions: 1,
        acquireTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/) as string,
      });
      b.stop.abort();
      expect(await b.ended).toBe('stopped');
      expect((await client.get(leases, ns, 'handover'))?.spec?.holderIdentity ?? '').toBe('');
    });

    it('takes over from a leader that is cut off, which stops by itself; never both', async () => {
      const { proxy, through } = await behindProxy();
      const a = candidate('a', through, 'takeover', short);
      await eventually('a leads', () => a.state.leads);
      const b = candidate('b', client, 'takeover', short);
      await eventually('b knows a', () => b.election.leader === 'a');
      proxy.refuse(true);
      proxy.cut();
      let both = false;
      await eventually('b leads', () => {
        both ||= a.state.leads && b.state.leads;
        return b.state.leads;
      });
      expect(both).toBe(false);
      expect(await a.ended).toBe('lost');
      expect((await client.get(leases, ns, 'takeover'))?.spec).toMatchObject({
        holderIdentity: 'b',
        leaseTransitions: 1,
      });
      b.stop.abort();
      await b.ended;
    });
  });

  describe('EventRecorder', () => {
    it('writes events that kubectl describe finds, and counts repetitions', async () => {
      const logger = new MemoryLogger();
      const made = await client.apply(things, thing('eventful'), { fieldManager: 't' });
      const recorder = new EventRecorder({ client, component: 'pawl-test', instance: 'i', logger, clock: systemClock });
      recorder.record(made, 'Normal', 'Tested', 'It was tested.');
      await eventually('the event is stored', async () => (await eventsOf(made)).length === 1);
      recorder.record(made, 'Normal', 'Tested', 'It was tested.');
      recorder.record(made, 'Warning', 'Failed', 'It failed.');
      await recorder.drain(60_000);
      expect(logger.entries).toEqual([]);
      const found = await eventsOf(made);
      expect(found).toHaveLength(2);
      expect(found).toContainEqual(
        expect.objectContaining({ reason: 'Tested', message: 'It was tested.', count: 2, type: 'Normal' }),
      );
      expect(found).toContainEqual(expect.objectContaining({ reason: 'Failed', count: 1, type: 'Warning' }));
    });

    /** The question that kubectl describe asks. */
    const eventsOf = async ({ kind: ofKind, metadata }: KubeObject) => {
      const { name, uid } = metadata;
      const fieldSelector = `involvedObject.kind=${ofKind},involvedObject.name=${name},involvedObject.uid=${uid ?? ''}`;
      return (await client.list(events, { namespace: ns, fieldSelector })).items;
    };
  });
});

async function drain(iterable: AsyncIterable<unknown>): Promise<number> {
  let count = 0;
  for await (const item of iterable) if (item !== undefined) count += 1;
  return count;
}

/** What can be compared between two servers. */
const factsOf = (error: unknown) => {
  const { name, status: code, reason, message } = error as ApiError;
  return { name, code, reason, message: message.replace(/\d+/g, 'N') };
};

/** The text of an answer as it travels. */
async function textOf(kubeconfig: string, path: string): Promise<string> {
  const connection = new KubeConnection(() => loadKubeconfig({ path: kubeconfig }), systemClock, 'pawl-test');
  try {
    const { body } = await connection.send({ method: 'GET', path, signal: AbortSignal.timeout(90_000) });
    return await body.text();
  } finally {
    await connection.close();
  }
}
