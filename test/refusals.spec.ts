import { ApiError } from '@pawl/shared/kubernetes/api-error';
import type { KubeObject } from '@pawl/shared/kubernetes/kube-object';
import type { Deployment, KubernetesEvent, Pod } from '@pawl/shared/kubernetes/objects';
import type { ModelVersion } from '@pawl/shared/modelversion/model-version';
import { annotations, labels } from '@pawl/shared/modelversion/names';
import { aDigest } from '@pawl/test-kit/model-versions';
import { FakeApi, type Matching } from '@pawl/test-kit/fake-api';
import { violations } from '@pawl/test-kit/invariants';
import { aReplicaSet, ownedBy } from '@pawl/test-kit/pods';
import { explain } from '../apps/cli/src/cluster/explain/explain.ts';
import {
  artifactTemplate,
  canaryDeployment,
  canaryName,
  templateHash,
} from '../apps/controller/src/model-version/canary.ts';
import {
  atStep,
  aVersion,
  counted,
  failed,
  NOW,
  passed,
  served,
  verified,
} from '../apps/controller/src/model-version/test/builders.ts';
import {
  aService,
  ModelCluster,
  policyOf,
  silentPods,
  stableDeployment,
} from '../apps/controller/src/model-version/test/model-cluster.ts';
import { EventRecorder } from '../apps/controller/src/runtime/events.ts';
import { MemoryLogger } from '../apps/controller/src/runtime/test/fake-objects.ts';

/** Refusals that the same request would meet again. */
const FINAL = [400, 403, 404, 413, 422];
/** Refusals that may pass by themselves. */
const PASSING = [401, 409, 410, 429, 500, 503, 504];
const SENTENCE = 'the server says in its own words why it refuses this';
const refusal = (status: number, message = SENTENCE) => new ApiError(status, '', message);

const one = aVersion('1.0.0', served);
const bare = stableDeployment(aDigest('1.0.0'));
/** The stable Deployment, told to serve 1.0.0. */
const TEMPLATE = { ...bare, spec: { ...bare.spec, template: artifactTemplate(one, 'fetch') } };
const GATEWAY = 'traffic: {gateway: {parentRefs: [{name: gw}], stableService: s, canaryService: c}}';

const canaryOf = (version: ModelVersion) => {
  const canary = canaryDeployment(TEMPLATE, version, {
    name: canaryName('web', version.spec.artifact.digest),
    replicas: 1,
    mount: 'fetch',
  });
  return { ...canary, metadata: { ...canary.metadata, uid: 'uid-canary' } };
};

const unowned = (canary: Deployment): Deployment => ({
  ...canary,
  metadata: { ...canary.metadata, ownerReferences: [] },
});

/** A ready pod with the weights of a version. */
const aPodOf = (track: 'stable' | 'canary', version: ModelVersion, name: string, inService: boolean): Pod =>
  ownedBy(aReplicaSet(track === 'stable' ? TEMPLATE : canaryOf(version)), {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: 'ns',
      uid: `uid-${name}`,
      labels: {
        [labels.model]: 'm',
        [labels.track]: track,
        [labels.modelVersion]: version.metadata.name,
        ...(inService && { [labels.inService]: 'true' }),
      },
      annotations: {
        [annotations.digest]: version.spec.artifact.digest,
        [annotations.template]: templateHash(TEMPLATE.spec.template),
      },
    },
    spec: { containers: [{ name: 'inference' }] },
    status: { podIP: name, conditions: [{ type: 'Ready', status: 'True' }] },
  });

/** A cluster whose pods answer with counters and whose stable pods are ready. */
function aCluster(...objects: readonly KubeObject[]): ModelCluster {
  const cluster = new ModelCluster({ ...silentPods, scrape: () => Promise.resolve(counted(7)) });
  cluster.has(one, TEMPLATE);
  for (let pod = 0; pod < 3; pod += 1) cluster.api.put(aPodOf('stable', one, `web-${pod}`, true));
  cluster.api.put(aReplicaSet(TEMPLATE));
  for (const object of objects) {
    cluster.api.put(object);
    if (object.kind === 'Deployment') cluster.api.put(aReplicaSet(object as Deployment));
  }
  return cluster;
}

const two = aVersion('1.1.0', verified);
const stepping = aVersion('1.1.0', atStep(1));
const images = { ...policyOf(), binaryData: { 'cat.a.jpg': 'aaaa' } };

interface Row {
  /** Which request is refused, as the fake server matches it. */
  readonly matching: Matching;
  readonly cluster: () => ModelCluster;
  /** The version that is told about it. */
  readonly version: string;
  readonly phase: string;
  /** Statuses by which the server says what is no refusal here: there is nothing to change, or nothing to read. */
  readonly isFine?: readonly number[];
}

/** Everything that the controller writes or reads while it looks after a model. */
const rows: Readonly<Record<string, Row>> = {
  'the canary Deployment': {
    matching: { verb: 'apply', kind: 'Deployment' },
    cluster: () => aCluster(two, policyOf()),
    version: 'm-1.1.0',
    phase: 'Canary',
  },
  'the stable Deployment': {
    matching: { verb: 'apply', kind: 'Deployment' },
    cluster: () => aCluster(aVersion('1.1.0', passed), policyOf()),
    version: 'm-1.1.0',
    phase: 'Promoting',
  },
  'the deletion of the canary of a version that Failed': {
    matching: { verb: 'delete', kind: 'Deployment' },
    cluster: () => aCluster(aVersion('1.1.0', verified, failed()), canaryOf(two), policyOf()),
    version: 'm-1.1.0',
    phase: 'Failed',
  },
  'the label of a pod': {
    matching: { verb: 'patch', kind: 'Pod' },
    cluster: () => aCluster(stepping, canaryOf(two), aPodOf('canary', two, 'c-0', false), policyOf()),
    version: 'm-1.1.0',
    phase: 'Canary',
    isFine: [404],
  },
  'the annotation of the canary Deployment': {
    matching: { verb: 'patch', kind: 'Deployment' },
    cluster: () => aCluster(stepping, canaryOf(two), aPodOf('canary', two, 'c-0', true), policyOf()),
    version: 'm-1.1.0',
    phase: 'Canary',
    isFine: [404],
  },
  'the owner of a canary that an earlier controller made': {
    matching: { verb: 'patch', kind: 'Deployment' },
    cluster: () => aCluster(two, unowned(canaryOf(two)), policyOf()),
    version: 'm-1.1.0',
    phase: 'Canary',
    isFine: [404],
  },
  'the HTTPRoute of a version that serves': {
    matching: { verb: 'apply', kind: 'HTTPRoute' },
    cluster: () => aCluster(aService('s', 80), aService('c', 80), policyOf(GATEWAY)),
    version: 'm-1.0.0',
    phase: 'Serving',
  },
  'the look at the HTTPRoute': {
    matching: { verb: 'get', kind: 'HTTPRoute' },
    cluster: () => aCluster(aService('s', 80), aService('c', 80), policyOf(GATEWAY)),
    version: 'm-1.0.0',
    phase: 'Serving',
    isFine: [404],
  },
  'the look at a Service in a rollout': {
    matching: { verb: 'get', kind: 'Service' },
    cluster: () => aCluster(stepping, canaryOf(two), aService('s', 80), aService('c', 80), policyOf(GATEWAY)),
    version: 'm-1.1.0',
    phase: 'Canary',
  },
  'the look at the ConfigMap of the acceptance images': {
    matching: { verb: 'get', kind: 'ConfigMap' },
    cluster: () => aCluster(aVersion('1.1.0', atStep(0)), canaryOf(two), aPodOf('canary', two, 'c-0', false), images),
    version: 'm-1.1.0',
    phase: 'Canary',
  },
};

/** A pass, what it began in the background, and the time until the next. */
async function pass(cluster: ModelCluster): Promise<void> {
  await cluster.pass();
  await cluster.clock.settle();
  await cluster.clock.advance(2_000);
}

/** What `pawl explain` says, of a cluster whose events nobody can read unless they are given. */
const explained = (cluster: ModelCluster, name: string, events: readonly KubernetesEvent[] = []) =>
  explain({
    now: new Date(cluster.clock.now()),
    namespace: 'ns',
    flags: '',
    version: cluster.version(name),
    siblings: [cluster.version(name)],
    stable: { ok: true, value: [TEMPLATE] },
    canary: { ok: true, value: [] },
    pods: { ok: true, value: [] },
    modelPods: { ok: true, value: [] },
    watch: { kind: 'looking', at: new Date(cluster.clock.now()).toISOString() },
    events: { ok: true, value: events },
    policies: { ok: true, value: [] },
  });

const refused = (cluster: ModelCluster, { version }: Row) => cluster.condition(version, 'Refused');
const warnings = (cluster: ModelCluster) =>
  cluster.events.filter((event) => event.startsWith('Warning') && event.includes(SENTENCE));
const table = Object.keys(rows).flatMap((what) =>
  [...FINAL, ...PASSING]
    .toSorted((a, b) => a - b)
    // The client takes the deletion of what is gone as done.
    .filter((status) => status !== 404 || rows[what]?.matching.verb !== 'delete')
    .map((status) => [status, what] as const),
);

describe('a refusal of the API server', () => {
  it.each(table)('%i: %s', async (status, what) => {
    const row = rows[what]!;
    const cluster = row.cluster();
    const heal = cluster.api.fail(row.matching, refusal(status));
    for (let more = 0; more < 4; more += 1) await pass(cluster);
    if (row.isFine?.includes(status) === true) {
      expect([refused(cluster, row), warnings(cluster)]).toEqual([undefined, []]);
      return;
    }
    expect(refused(cluster, row)).toMatch(new RegExp(`^True ApiRefused: The API server refuses .*: ${SENTENCE}$`));
    expect(cluster.version(row.version).status?.phase).toBe(row.phase);
    expect(warnings(cluster)).toHaveLength(1);
    expect(violations(cluster.version(row.version))).toEqual([]);
    const { headline, summary, next } = explained(cluster, row.version);
    expect(headline.text).toContain('the API server refuses what it needs');
    expect(summary).toContain(SENTENCE);
    expect(next.map(({ text }) => text).join()).not.toContain('nothing is needed');
    heal();
    for (let more = 0; more < 4; more += 1) await pass(cluster);
    expect(refused(cluster, row)).toBeUndefined();
    expect(explained(cluster, row.version).headline.text).not.toContain('refuses');
  });

  it.each(Object.keys(rows))('that passes by itself is told to nobody: %s', async (what) => {
    const row = rows[what]!;
    const cluster = row.cluster();
    cluster.api.fail(row.matching, refusal(503), 1);
    for (let more = 0; more < 4; more += 1) await pass(cluster);
    expect([refused(cluster, row), warnings(cluster)]).toEqual([undefined, []]);
  });

  it.each([...FINAL, ...PASSING])('%i: a status, which only an event can tell', async (status) => {
    const cluster = aCluster(two, policyOf());
    const heal = cluster.api.fail({ verb: 'apply', kind: 'ModelVersion', name: 'm-1.1.0' }, refusal(status));
    await pass(cluster);
    if (PASSING.includes(status)) expect(warnings(cluster)).toEqual([]);
    await pass(cluster);
    // The version is gone.
    if (status === 404) {
      expect(warnings(cluster)).toEqual([]);
      return;
    }
    const [warning = ''] = warnings(cluster);
    expect(warning).toMatch(/^Warning StatusRefused 1\.1\.0: The API server refuses the status of m-1\.1\.0/);
    const asEvent = (reason: string, message: string): KubernetesEvent => ({
      ...{ apiVersion: 'v1', kind: 'Event', metadata: { name: reason }, involvedObject: {} },
      ...{ reason, message },
    });
    const before = asEvent('StatusRefused', warning);
    expect(explained(cluster, 'm-1.1.0', [before]).summary).toContain(SENTENCE);
    heal();
    await pass(cluster);
    expect(cluster.events).toContain('Normal StatusWritten 1.1.0: Its status is written again');
    const after = asEvent('StatusWritten', 'Its status is written again');
    expect(explained(cluster, 'm-1.1.0', [before, after]).summary).not.toContain(SENTENCE);
  });

  it.each([...FINAL, ...PASSING])('%i: an event, without which the condition still tells', async (status) => {
    const api = new FakeApi(() => NOW);
    const logger = new MemoryLogger();
    const recorder = new EventRecorder({ client: api, component: 'c', instance: 'i', logger });
    api.fail({ kind: 'Event' }, refusal(status));
    recorder.record(two, 'Warning', 'CanaryHeldUp', 'why');
    await recorder.drain();
    expect(logger.entries).toEqual([
      expect.objectContaining({ level: 'warn', fields: expect.objectContaining({ err: refusal(status) }) as unknown }),
    ]);
  });

  it('is told with at most 1,024 characters of the server', async () => {
    const cluster = aCluster(two, policyOf());
    cluster.api.fail({ verb: 'apply', kind: 'Deployment' }, refusal(403, `${'x'.repeat(1_024)}y`));
    for (let more = 0; more < 2; more += 1) await pass(cluster);
    expect(cluster.condition('m-1.1.0', 'Refused')).toMatch(/: x{1024}…$/);
    expect(explained(cluster, 'm-1.1.0').summary).toMatch(/: x{1024}…/);
  });

  it('to show the acceptance images never fails the canary, however long it lasts', async () => {
    const cluster = rows['the look at the ConfigMap of the acceptance images']!.cluster();
    const heal = cluster.api.fail({ verb: 'get', kind: 'ConfigMap' }, refusal(503));
    for (let minute = 0; minute < 10; minute += 1) {
      await pass(cluster);
      await cluster.clock.advance(60_000);
    }
    expect(cluster.version('m-1.1.0').status?.phase).toBe('Canary');
    expect(cluster.condition('m-1.1.0', 'Stalled')).toContain(SENTENCE);
    heal();
    for (let more = 0; more < 3; more += 1) await pass(cluster);
    expect(cluster.condition('m-1.1.0', 'Progressing')).toMatch(/^True Accepting/);
  });

  it('to show the route changes nothing of the requests', async () => {
    const gone = aVersion('1.1.0', verified, failed());
    const cluster = aCluster(gone, canaryOf(two), aService('s', 80), aService('c', 80), policyOf(GATEWAY));
    cluster.api.fail({ verb: 'get', kind: 'Service' }, refusal(403));
    for (let more = 0; more < 4; more += 1) await pass(cluster);
    // It is tried again, although nothing else asks for a look.
    expect(await cluster.pass()).toMatchObject({ status: 403 });
    expect(cluster.api.writes.filter(({ kind }) => kind !== 'ModelVersion')).toEqual([]);
  });
});
