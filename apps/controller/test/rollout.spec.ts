import { describeWhenSet } from '@pawl/test-kit/when-set';
import { deployments } from '@pawl/shared/kubernetes/objects';
import type { Behaviour } from './support/pod-service.ts';
import { EnvironmentFixture, type FixtureOptions } from './support/environment-fixture.ts';

import.meta.jest.setTimeout(400_000);

describeWhenSet('KUBECONFIG', 'a rollout on a real API server', (kubeconfig) => {
  let fixture: EnvironmentFixture;
  const set = async (options?: FixtureOptions) => {
    fixture = await EnvironmentFixture.create(kubeconfig, options);
  };
  afterEach(() => fixture.close());

  it('verifies and accepts the first version ever, and then every stable pod serves it', async () => {
    await set();
    fixture.start();
    const one = await fixture.offer('1.0.0');
    await fixture.settled(one);

    expect(fixture.history.of(one)).toEqual(
      expect.arrayContaining(['Verifying', 'Verifying Verified', 'Canary Accepting', 'Promoting', 'Serving']),
    );
    const status = fixture.status(one);
    expect(status).toMatchObject({
      weight: 100,
      artifact: { digest: fixture.bundleOf(one).digest, version: '1.0.0', signed: false },
      acceptance: { total: 3, correct: 3, required: 3 },
      verdict: { outcome: 'Passed', reason: 'FirstVersion' },
    });
    // There was nothing to compare it with, so its canary never met a user.
    expect(fixture.history.wasCanaryInService(fixture.bundleOf(one).digest)).toBe(false);
  });

  it('takes a better version through every step, and no pod in service goes before another is ready', async () => {
    await set();
    fixture.start();
    const one = await fixture.serving();
    const two = await fixture.offer('1.1.0');
    await fixture.settled(two);

    expect(fixture.history.of(two).filter((state) => !state.startsWith('Canary CanaryStarting'))).toEqual(
      expect.arrayContaining(['Canary Accepting', 'Canary StepRunning 1', 'Canary StepRunning 2', 'Promoting 2']),
    );
    const status = fixture.status(two);
    expect(status.verdict).toMatchObject({ outcome: 'Passed', reason: 'StepsCompleted' });
    expect(status.analysis).toMatchObject({ step: 2, verdict: 'Pass' });
    expect(status.analysis?.checks.map(({ name, verdict }) => `${name} ${verdict}`)).toEqual([
      'ErrorRate Pass',
      'Latency Pass',
      'Predictions Pass',
    ]);
    expect(status.analysis?.canaryRequests).toBeGreaterThanOrEqual(20);
    expect(fixture.history.of(one).at(-1)).toBe('Superseded');
    expect(fixture.history.fewestPods).toBeGreaterThanOrEqual(3);
  });

  it('never shows users weights that answer the acceptance images wrongly', async () => {
    await set();
    fixture.start();
    const one = await fixture.serving();
    const two = await fixture.offer('1.1.0', { behaviour: { isWrong: true } });
    await fixture.until(two, 'Failed AcceptanceFailed');
    await fixture.settled(one);

    expect(fixture.history.wasCanaryInService(fixture.bundleOf(two).digest)).toBe(false);
    expect(fixture.condition(two, 'Accepted')).toBe('False AcceptanceFailed');
    expect(fixture.condition(two, 'Stalled')).toBe('True AcceptanceFailed');
    const { acceptance } = fixture.status(two);
    expect(acceptance).toMatchObject({ correct: 0, total: 3 });
    expect(acceptance?.mistakes[0]).toEqual({ image: 'cat.1', expected: 'cat', answered: 'dog', confidence: 0.9 });
  });

  it('never makes a wrong first version serve anyone', async () => {
    await set();
    fixture.start();
    const one = await fixture.offer('1.0.0', { behaviour: { isWrong: true } });
    await fixture.until(one, 'Failed AcceptanceFailed');
    await fixture.eventually('the canary is gone', () => fixture.canaries.length === 0);
    expect(fixture.stableDigest).toBeUndefined();
    expect(fixture.digestsInService).toEqual([]);
  });

  it.each<[string, string, string, Partial<Behaviour>]>([
    ['answers with errors', 'ErrorRateHigh', 'ErrorRate', { errors: 0.3 }],
    ['is slow', 'LatencyHigh', 'Latency', { latency: 0.4 }],
    ['sees other things in the same pictures', 'PredictionsShifted', 'Predictions', { cats: 1 }],
  ])('fails a canary that %s, and the previous version serves on', async (_title, reason, check, behaviour) => {
    await set();
    fixture.start();
    const one = await fixture.serving();
    const two = await fixture.offer('1.1.0', { behaviour });
    await fixture.until(two, `Failed ${reason}`);
    await fixture.settled(one);

    const { analysis, verdict, weight } = fixture.status(two);
    expect(verdict).toMatchObject({ outcome: 'Failed', reason });
    expect(analysis?.checks.find(({ name }) => name === check)?.verdict).toBe('Fail');
    expect(weight).toBe(0);
    expect(fixture.history.of(two)).not.toContain('Promoting');
    expect(fixture.history.fewestPods).toBeGreaterThanOrEqual(3);
  });

  it.each<[string, string, Behaviour['pod'], RegExp]>([
    ['crash', 'CanaryCrashed', 'crash-looping', /restarted 4 times.*the weights do not load/],
    ['never become ready', 'CanaryNotReady', 'never-ready', /0 of 1 canary pods were ready after 2 s/],
  ])('fails weights whose pods %s', async (_title, reason, pod, message) => {
    await set();
    fixture.start();
    const one = await fixture.serving();
    // Not before: the first version has all its time, on a busy machine too. A crash is told without any.
    if (pod === 'never-ready') await fixture.setPolicy({ policy: { canary: { readyTimeoutSeconds: 2 } } });
    const two = await fixture.offer('1.1.0', { behaviour: { pod } });
    await fixture.until(two, `Failed ${reason}`);
    await fixture.settled(one);
    expect(fixture.status(two).message).toMatch(message);
    expect(fixture.history.wasCanaryInService(fixture.bundleOf(two).digest)).toBe(false);
  });

  it('waits for a node and blames no weights for the want of one', async () => {
    await set();
    fixture.start();
    const one = await fixture.serving();
    const two = await fixture.offer('1.1.0', { behaviour: { pod: 'unschedulable' } });
    await fixture.until(two, 'Canary CanaryHeldUp');
    const since = fixture.status(two).rollout?.unreadySince;
    // Not before: until the scheduler has spoken, the pod is one that does not become ready.
    await fixture.setPolicy({ policy: { canary: { readyTimeoutSeconds: 2 } } });
    // It has looked again after the time that would fail a pod that has a node.
    await fixture.eventually('the time is over', () => Date.now() - Date.parse(since ?? '') > 5_000);
    expect(fixture.status(two).phase).toBe('Canary');
    expect(fixture.status(two).message).toContain('0/3 nodes are available: no room');
    expect(fixture.digestsInService).toEqual([fixture.bundleOf(one).digest]);
    expect(fixture.condition(one, 'Ready')).toBe('True Serving');
  });

  it('returns to the previous weights when the stable pods do not become ready with the new ones', async () => {
    await set();
    fixture.start();
    const one = await fixture.serving();
    // Not before: the first version has all its time, on a busy machine too.
    const impatient = { spec: { progressDeadlineSeconds: 4 } };
    await fixture.client.mergePatch(deployments, fixture.namespace, 'web', impatient, { fieldManager: 'helm' });
    const two = await fixture.offer('1.1.0', { behaviour: { pod: 'late' } });
    await fixture.until(two, 'Failed PromotionFailed');
    await fixture.settled(one);
    expect(fixture.history.fewestPods).toBeGreaterThanOrEqual(3);
  });

  it('goes straight to the stable pods where the policy wants no canary, verified all the same', async () => {
    await set({ policy: { canary: { enabled: false } } });
    fixture.start();
    await fixture.serving();
    const two = await fixture.offer('1.1.0');
    await fixture.settled(two);
    expect(fixture.status(two).verdict?.reason).toBe('CanaryOff');
    expect(fixture.history.of(two).some((state) => state.startsWith('Canary'))).toBe(false);
    expect(fixture.condition(two, 'ArtifactVerified')).toBe('True Verified');
  });

  it('stays at a step that no request reaches', async () => {
    await set({ policy: { analysis: { minRequests: 1_000_000_000 } } });
    fixture.start();
    const one = await fixture.serving();
    const two = await fixture.offer('1.1.0');
    await fixture.until(two, 'Canary StepInconclusive 1');
    expect(fixture.status(two).message).toContain('each needs 1000000000');
    expect([...fixture.digestsInService].sort()).toEqual(
      [one, two].map((name) => fixture.bundleOf(name).digest).sort(),
    );
  });
});
