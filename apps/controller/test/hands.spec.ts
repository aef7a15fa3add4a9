import { describeWhenSet } from '@pawl/test-kit/when-set';
import { endless, holds } from './support/holds.ts';
import { Stage, type StageOptions } from './support/stage.ts';

import.meta.jest.setTimeout(400_000);

describeWhenSet('KUBECONFIG', 'what people ask of a rollout, on a real API server', (kubeconfig) => {
  let stage: Stage;
  const set = async (options?: StageOptions) => {
    stage = await Stage.set(kubeconfig, options);
    stage.start();
  };
  afterEach(() => stage.close());

  it.each(Object.entries(holds))('aborts a version %s for good', async (_title, { state, policy, ...offer }) => {
    await set({ policy });
    const one = await stage.serving();
    const two = await stage.offer('1.1.0', offer);
    await stage.until(two, state);
    await stage.ask(two, 'abort');
    await stage.until(two, 'Failed Aborted');
    await stage.settled(one);
    expect(stage.condition(two, 'Stalled')).toBe('True Aborted');
    expect(stage.status(two).handled?.abort).toBe('now');
    expect(stage.history.fewestPods).toBeGreaterThanOrEqual(3);
  });

  it.each(Object.entries(holds))(
    'forgets a version that is deleted %s',
    async (_title, { state, policy, ...offer }) => {
      await set({ policy });
      const one = await stage.serving();
      const two = await stage.offer('1.1.0', offer);
      await stage.until(two, state);
      await stage.delete(two);
      await stage.settled(one);
      expect(stage.history.fewestPods).toBeGreaterThanOrEqual(3);
    },
  );

  it.each(Object.entries(holds))(
    'holds a suspended version %s, and goes on',
    async (_title, { state, policy, ...offer }) => {
      await set({ policy });
      await stage.serving();
      const two = await stage.offer('1.1.0', offer);
      await stage.until(two, state);
      await stage.suspend(two, true);
      await stage.until(two, 'Suspended');
      expect(stage.condition(two, 'Ready')).toBe('False Suspended');
      expect(stage.status(two).observedGeneration).toBe(2);
      await stage.suspend(two, false);
      await stage.until(two, state);
      expect(stage.condition(two, 'Stalled')).toBeUndefined();
    },
  );

  it('does not begin a version that was suspended from the start', async () => {
    await set();
    const one = await stage.serving();
    const two = await stage.offer('1.1.0', { spec: { suspend: true } });
    await stage.until(two, 'Suspended');
    await stage.settled(one);
    await stage.suspend(two, false);
    await stage.settled(two);
  });

  it('tries a failed version again when it is asked to, from the beginning', async () => {
    await set();
    await stage.serving();
    const two = await stage.offer('1.1.0', { behaviour: { isWrong: true } });
    await stage.until(two, 'Failed AcceptanceFailed');
    // The images were to blame, say: now they are answered.
    await stage.eventually('the canary is gone', () => stage.canaryPods.length === 0);
    stage.fakePods.behave(stage.bundleOf(two).digest, {});
    await stage.ask(two, 'retry', 'second try');
    await stage.settled(two);
    expect(stage.status(two).handled?.retry).toBe('second try');
    const after = stage.history.of(two).slice(stage.history.of(two).indexOf('Failed AcceptanceFailed') + 1);
    expect(after[0]).toBe('Verifying');
    expect(stage.condition(two, 'Accepted')).toBe('True ImagesAnswered');
  });

  it('promotes by hand what waits at a step', async () => {
    await set({ policy: endless });
    await stage.serving();
    const two = await stage.offer('1.1.0');
    await stage.until(two, 'Canary StepInconclusive 1');
    await stage.ask(two, 'promote', 'by me');
    await stage.settled(two);
    expect(stage.status(two).verdict).toMatchObject({ outcome: 'Passed', reason: 'PromotedByHand' });
    expect(stage.status(two).handled?.promote).toBe('by me');
  });

  it('never promotes by hand what was not accepted', async () => {
    await set();
    const one = await stage.serving();
    const two = await stage.offer('1.1.0', {
      behaviour: { isWrong: true },
      annotations: { 'pawl.dev/promote': 'from the start' },
    });
    await stage.until(two, 'Failed AcceptanceFailed');
    await stage.settled(one);
    expect(stage.history.wasCanaryInService(stage.bundleOf(two).digest)).toBe(false);
  });

  it('takes the newer of two candidates that come at once', async () => {
    stage = await Stage.set(kubeconfig);
    const first = stage.start();
    const one = await stage.serving();
    // At once for the controller: both are there when it looks.
    await first.stop();
    const [two, three] = await Promise.all([stage.offer('1.1.0'), stage.offer('1.2.0')]);
    stage.start();
    await stage.settled(three);
    expect(stage.history.of(two).at(-1)).toBe('Superseded');
    expect(stage.condition(two, 'Ready')).toBeUndefined();
    expect(stage.history.of(one).at(-1)).toBe('Superseded');
    expect(stage.history.wasCanaryInService(stage.bundleOf(two).digest)).toBe(false);
  });

  it.each(Object.entries(holds))('leaves a version %s for a newer one', async (_title, { state, policy, ...offer }) => {
    await set({ policy });
    await stage.serving();
    const two = await stage.offer('1.1.0', offer);
    await stage.until(two, state);
    const three = await stage.offer('1.2.0');
    await stage.setPolicy({});
    await stage.settled(three);
    expect(stage.history.of(two).at(-1)).toBe('Superseded');
    expect(stage.history.fewestPods).toBeGreaterThanOrEqual(3);
  });

  it('goes on with the same weights when they are offered under a higher number in the middle', async () => {
    await set({ policy: { canary: { steps: [{ weight: 50, holdSeconds: 0 }] }, ...endless } });
    await stage.serving();
    const two = await stage.offer('1.1.0');
    await stage.until(two, 'Canary StepInconclusive 1');
    const { uri, digest } = stage.bundleOf(two);
    await stage.create('again', { model: 'catdog', version: '1.1.1', artifact: { uri, digest } });
    await stage.until('again', 'Canary StepInconclusive 1');
    await stage.client.delete(
      { group: 'pawl.dev', version: 'v1alpha1', plural: 'modelversions', kind: 'ModelVersion' },
      stage.namespace,
      two,
    );
    await stage.setPolicy({});
    await stage.until('again', 'Serving');
    await stage.eventually('the canary is gone', () => stage.canaries.length === 0);
    expect(stage.digestsInService).toEqual([digest]);
  });

  it('blocks a second object with the same number and other weights', async () => {
    await set();
    const one = await stage.serving();
    const { uri, digest } = await stage.bundles.write('1.0.0-other');
    await stage.create('second', { model: 'catdog', version: '1.0.0', artifact: { uri, digest } });
    await stage.until('second', 'Pending DuplicateVersion');
    expect(stage.status('second').message).toContain(`${one} already offers 1.0.0`);
    expect(stage.condition(one, 'Ready')).toBe('True Serving');
  });

  it('returns to the previous version at once when the serving one is deleted, without a canary', async () => {
    await set();
    const one = await stage.serving();
    const two = await stage.offer('1.1.0');
    await stage.settled(two);
    const before = stage.history.of(one).length;
    await stage.delete(two);
    await stage.settled(one);
    expect(stage.history.of(one).slice(before)).toEqual(['Promoting', 'Serving']);
    expect(stage.history.fewestPods).toBeGreaterThanOrEqual(3);
  });

  it('leaves the stable pods alone when every version is deleted', async () => {
    await set({ policy: endless });
    const one = await stage.serving();
    const two = await stage.offer('1.1.0');
    await stage.until(two, 'Canary StepInconclusive 1');
    const { generation } = stage.stable.metadata;
    await Promise.all([one, two].map((name) => stage.delete(name)));
    await stage.eventually('the canary is gone', () => stage.canaryPods.length + stage.canaries.length === 0);
    expect(stage.stable.metadata.generation).toBe(generation);
    expect(stage.digestsInService).toEqual([stage.bundleOf(one).digest]);
    expect(stage.history.fewestPods).toBeGreaterThanOrEqual(3);
  });

  it('takes over weights that the stable pods already serve, without a canary', async () => {
    await set();
    const one = await stage.serving();
    const { generation } = stage.stable.metadata;
    await stage.delete(one);
    const { uri, digest } = stage.bundleOf(one);
    await stage.eventually('it is gone', () => stage.version(one) === undefined);
    await stage.create('anew', { model: 'catdog', version: '1.0.0', artifact: { uri, digest } });
    await stage.until('anew', 'Serving');
    expect(stage.status('anew').verdict?.reason).toBe('AlreadyServed');
    expect(stage.stable.metadata.generation).toBe(generation);
  });
});
