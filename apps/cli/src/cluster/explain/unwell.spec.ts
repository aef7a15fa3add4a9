import type { Pod } from '@pawl/shared/kubernetes/objects';
import { withStatus } from '@pawl/test-kit/model-versions';
import { evidenceOf, stable } from '../../../test/support/evidence.ts';
import {
  ago,
  aStableDeployment,
  aTrackPod,
  aVersion,
  because,
  failedFor,
  inPhase,
} from '../../../test/support/objects.ts';
import { explain } from './explain.ts';

const theCanary = 'catdog-1-4-0';
const notReady = [{ type: 'Ready', status: 'False' }];
const container = (more: object) => [{ name: 'inference', ready: false, restartCount: 0, ...more }];
const outOfMemory = (finishedAt?: string) => ({
  terminated: { exitCode: 137, reason: 'OOMKilled', ...(finishedAt !== undefined && { finishedAt }) },
});

/** A pod that is not well. */
const crashing = (name: string, canaryOf?: string): Pod =>
  aTrackPod(name, canaryOf, {
    conditions: notReady,
    containerStatuses: container({ restartCount: 4, state: { waiting: { reason: 'CrashLoopBackOff' } } }),
  });
const cases: Readonly<Record<string, readonly [Pod['status'], expected: string]>> = {
  'crashes again and again': [crashing('p').status, 'CrashLoopBackOff'],
  'gets no image': [
    {
      conditions: notReady,
      containerStatuses: container({ state: { waiting: { reason: 'ImagePullBackOff', message: 'not found' } } }),
    },
    'ImagePullBackOff: not found',
  ],
  'finds no node': [
    {
      phase: 'Pending',
      conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: 'no cpu' }],
      containerStatuses: [],
    },
    'Unschedulable: no cpu',
  ],
  'is not ready': [{ conditions: notReady, containerStatuses: container({ state: { running: {} } }) }, 'not ready'],
  'waits to be started': [{ phase: 'Pending', conditions: [], containerStatuses: [] }, 'Pending'],
  'was evicted': [{ phase: 'Failed', reason: 'Evicted', conditions: [], containerStatuses: [] }, 'Evicted'],
  'is ready again after it ran out of memory a minute ago': [
    { containerStatuses: [{ name: 'inference', ready: true, restartCount: 1, lastState: outOfMemory(ago(60)) }] },
    'crashed lately: inference ended with OOMKilled (exit 137)',
  ],
  'is ready again after it ran out of memory, who knows when': [
    { containerStatuses: [{ name: 'inference', ready: true, restartCount: 1, lastState: outOfMemory() }] },
    'crashed lately',
  ],
};

/** Versions about which nothing else would have to be done. */
const content = {
  serving: stable,
  superseded: aVersion('1.2.0', inPhase('Superseded')),
  'on its way': aVersion('1.4.0', because('Canary', 'StepRunning')),
};
const all = (said: object) => JSON.stringify(said);

describe('a pod of the model that is not well', () => {
  for (const [what, version] of Object.entries(content))
    for (const [track, canaryOf] of [
      ['stable', undefined],
      ['canary', theCanary],
    ] as const)
      it.each(Object.entries(cases))(
        `${what}: a ${track} pod that %s is never told to need nothing`,
        (_, [status, expected]) => {
          const said = explain(
            evidenceOf(version, { modelPods: { ok: true, value: [aTrackPod('p-1', canaryOf, status)] } }),
          );
          expect(all(said)).not.toContain('nothing is needed');
          expect(said.headline.text).toContain(`; see why ${track} pod p-1 is not well`);
          expect(said.headline.tone).toBe('warn');
          expect(said.summary).toContain(`Not well: ${track} pod p-1 (${expected}`);
          expect(said.next[0]?.command).toBe('kubectl -n demo describe pods p-1');
        },
      );

  it.each(Object.entries(content))('%s: needs nothing while every pod is well', (_, version) => {
    const old = {
      containerStatuses: [{ name: 'inference', ready: true, restartCount: 1, lastState: outOfMemory(ago(700)) }],
    };
    const leaving = crashing('leaving');
    const value = [
      aTrackPod('s-1'),
      aTrackPod('s-2', undefined, old),
      aTrackPod('c-1', theCanary),
      { ...leaving, metadata: { ...leaving.metadata, deletionTimestamp: ago(1) } },
      aTrackPod('done', undefined, { phase: 'Succeeded', conditions: notReady }),
    ];
    expect(explain(evidenceOf(version, { modelPods: { ok: true, value } })).headline.text).toContain(
      '; nothing is needed',
    );
  });

  it('is waited for while it is new, and that is no warning', () => {
    const pod = aTrackPod('c-1', theCanary, {
      conditions: notReady,
      containerStatuses: container({ state: { waiting: { reason: 'ContainerCreating' } } }),
    });
    const young = { ...pod, metadata: { ...pod.metadata, creationTimestamp: ago(20) } };
    const version = aVersion('1.4.0', because('Canary', 'CanaryStarting'));
    const { headline, next, summary } = explain(evidenceOf(version, { modelPods: { ok: true, value: [young] } }));
    expect(headline).toEqual({
      text: 'catdog 1.4.0 (catdog-1-4-0) is not serving: its canary is starting; wait for canary pod c-1',
      tone: 'plain',
    });
    expect(summary).toContain('Not ready yet: canary pod c-1 (ContainerCreating).');
    expect(next.map((step) => step.text)).toEqual(['wait for canary pod c-1', 'watch it go on']);
  });

  it('is named with two others, and the rest is counted', () => {
    const value = ['a', 'b', 'c', 'd', 'e'].map((name) => crashing(name));
    const { headline, summary, next, evidence } = explain(evidenceOf(stable, { modelPods: { ok: true, value } }));
    expect(headline.text).toContain('; see why 5 pods are not well');
    expect(summary).toContain('stable pod c (CrashLoopBackOff) and 2 more.');
    expect(next[0]?.command).toBe('kubectl -n demo describe pods a b c');
    expect(evidence.find(({ title }) => title === 'Stable pods that are not well')?.table?.rows).toHaveLength(5);
  });

  it('is told beside a failure, which needs more', () => {
    const version = aVersion('1.4.0', failedFor('AcceptanceFailed'));
    const { headline, next } = explain(evidenceOf(version, { modelPods: { ok: true, value: [crashing('s-1')] } }));
    expect(headline.text).toContain('Failed, AcceptanceFailed; look at the images that it mistook');
    expect(next.at(-1)?.text).toBe('see why stable pod s-1 is not well');
  });

  it('may be one that nobody could make', () => {
    const deployment = { ...aStableDeployment('1.3.0'), status: { replicas: 1, readyReplicas: 1 } };
    const said = explain(evidenceOf(stable, { stable: { ok: true, value: [deployment] } }));
    expect(said.headline).toMatchObject({
      text: expect.stringContaining('; see why the stable pods cannot be made') as string,
      tone: 'warn',
    });
    expect(said.summary).toContain('Only 1 of 3 stable pods could be made.');
    expect(all(said)).not.toContain('nothing is needed');
  });

  it('may be there where pods may not be read', () => {
    const said = explain(evidenceOf(stable, { modelPods: { ok: false, why: 'you may not list pods' } }));
    expect(all(said)).not.toContain('nothing is needed');
    expect(said.summary).toContain('Whether the pods of catdog are well is not known: you may not list pods.');
  });
});

describe('an explanation', () => {
  const lineage = { data_hash: 'sha256:d', git_commit: 'c0ffee', parents: 'p' };
  const version = aVersion('1.4.0', because('Canary', 'StepRunning'), (made) =>
    withStatus({
      artifact: {
        digest: made.spec.artifact.digest,
        version: '1.4.0',
        sizeBytes: 1,
        signed: false,
        verifiedAt: ago(9),
        lineage,
      },
    })(made),
  );

  it('tells lineage last', () => {
    const said = explain(evidenceOf(version));
    expect(said.lineage).toEqual({
      title: 'Made from',
      lines: ['data_hash sha256:d', 'git_commit c0ffee', 'parents p'],
    });
    expect(all(said.evidence)).not.toContain('c0ffee');
  });

  it.each([
    [
      { kind: 'stopped', since: ago(600) },
      'The controller has not looked at namespace demo since 2026-11-21T11:50:00Z (10m ago); what follows is as of then.',
    ],
    [{ kind: 'absent' }, 'No controller looks at namespace demo'],
  ] as const)('warns before everything else of a status that nobody keeps up to date: %j', (watch, text) => {
    for (const each of Object.values(content)) {
      const said = explain(evidenceOf(each, { watch }));
      expect(said.warning?.text).toContain(text);
      expect(said.warning?.command).toBe(
        'kubectl -n demo get deployments,pods -l app.kubernetes.io/component=controller',
      );
      expect(said.headline.tone).toBe('warn');
      expect(said.headline.text).toContain('; first see that the controller looks again');
      expect(all(said)).not.toContain('nothing is needed');
      expect(said.next[0]?.text).toBe('check that the controller runs');
    }
  });

  it('says that it does not know whether the controller looks, and goes on', () => {
    const said = explain(evidenceOf(stable, { watch: { kind: 'unknown', why: 'you may not read Lease x: no' } }));
    expect(said).not.toHaveProperty('warning');
    expect(said.headline.text).toContain('is serving; nothing is needed');
    expect(said.summary).toContain('is not known: its Lease could not be read (you may not read Lease x: no).');
  });
});
