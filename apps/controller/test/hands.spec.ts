import { describeWhenSet } from '@pawl/test-kit/when-set';
import { endless, holds } from './support/holds.ts';
import { EnvironmentFixture, type FixtureOptions } from './support/environment-fixture.ts';

import.meta.jest.setTimeout(400_000);

describeWhenSet('KUBECONFIG', 'what people ask of a rollout, on a real API server', (kubeconfig) => {
  let fixture: EnvironmentFixture;
  const set = async (options?: FixtureOptions) => {
    fixture = await EnvironmentFixture.create(kubeconfig, options);
    fixture.start();
  };
  afterEach(() => fixture.close());

  it.each(Object.entries(holds))('aborts a version %s for good', async (_title, { state, policy, ...offer }) => {
    await set({ policy });
    const one = await fixture.serving();
    const two = await fixture.offer('1.1.0', offer);
    await fixture.until(two, state);
    await fixture.ask(two, 'abort');
    await fixture.until(two, 'Failed Aborted');
    await fixture.settled(one);
    expect(fixture.condition(two, 'Stalled')).toBe('True Aborted');
    expect(fixture.status(two).handled?.abort).toBe('now');
    expect(fixture.history.fewestPods).toBeGreaterThanOrEqual(3);
  });

  it.each(Object.entries(holds))(
    'forgets a version that is deleted %s',
    async (_title, { state, policy, ...offer }) => {
      await set({ policy });
      const one = await fixture.serving();
      const two = await fixture.offer('1.1.0', offer);
      await fixture.until(two, state);
      await fixture.delete(two);
      await fixture.settled(one);
      expect(fixture.history.fewestPods).toBeGreaterThanOrEqual(3);
    },
  );

  it.each(Object.entries(holds))(
    'holds a suspended version %s, and goes on',
    async (_title, { state, policy, ...offer }) => {
      await set({ policy });
      await fixture.serving();
      const two = await fixture.offer('1.1.0', offer);
      await fixture.until(two, state);
      await fixture.suspend(two, true);
      await fixture.until(two, 'Suspended');
      expect(fixture.condition(two, 'Ready')).toBe('False Suspended');
      expect(fixture.status(two).observedGeneration).toBe(2);
      await fixture.suspend(two, false);
      await fixture.until(two, state);
      expect(fixture.condition(two, 'Stalled')).toBeUndefined();
    },
  );

  it('does not begin a version that was suspended from the start', async () => {
    await set();
    const one = await fixture.serving();
    const two = await fixture.offer('1.1.0', { spec: { suspend: true } });
    await fixture.until(two, 'Suspended');
    await fixture.settled(one);
    await fixture.suspend(two, false);
    await fixture.settled(two);
  });

  it('tries a failed version again when it is asked to, from the beginning', async () => {
    await set();
    await fixture.serving();
    const two = await fixture.offer('1.1.0', { behaviour: { isWrong: true } });
    await fixture.until(two, 'Failed AcceptanceFailed');
    // The images were to blame, say: now they are answered.
    await fixture.eventually('the canary is gone', () => fixture.canaryPods.length === 0);
    fixture.fakePods.behave(fixture.bundleOf(two).digest, {});
    await fixture.ask(two, 'retry', 'second try');
    await fixture.settled(two);
    expect(fixture.status(two).handled?.retry).toBe('second try');
    const after = fixture.history.of(two).slice(fixture.history.of(two).indexOf('Failed AcceptanceFailed') + 1);
    expect(after[0]).toBe('Verifying');
    expect(fixture.condition(two, 'Accepted')).toBe('True ImagesAnswered');
  });

  it('promotes by hand what waits at a step', async () => {
    await set({ policy: endless });
    await fixture.serving();
    const two = await fixture.offer('1.1.0');
    await fixture.until(two, 'Canary StepInconclusive 1');
    await fixture.ask(two, 'promote', 'by me');
    await fixture.settled(two);
    expect(fixture.status(two).verdict).toMatchObject({ outcome: 'Passed', reason: 'PromotedByHand' });
    expect(fixture.status(two).handled?.promote).toBe('by me');
  });

  it('never promotes by hand what was not accepted', async () => {
    await set();
    const one = await fixture.serving();
    const two = await fixture.offer('1.1.0', {
      behaviour: { isWrong: true },
      annotations: { 'pawl.dev/promote': 'from the start' },
    });
    await fixture.until(two, 'Failed AcceptanceFailed');
    await fixture.settled(one);
    expect(fixture.history.wasCanaryInService(fixture.bundleOf(two).digest)).toBe(false);
  });

  it('takes the newer of two candidates that come at once', async () => {
    fixture = await EnvironmentFixture.create(kubeconfig);
    const first = fixture.start();
    const one = await fixture.serving();
    // At once for the controller: both are there when it looks.
    await first.stop();
    const [two, three] = await Promise.all([fixture.offer('1.1.0'), fixture.offer('1.2.0')]);
    fixture.start();
    await fixture.settled(three);
    expect(fixture.history.of(two).at(-1)).toBe('Superseded');
    expect(fixture.condition(two, 'Ready')).toBeUndefined();
    expect(fixture.history.of(one).at(-1)).toBe('Superseded');
    expect(fixture.history.wasCanaryInService(fixture.bundleOf(two).digest)).toBe(false);
  });

  it.each(Object.entries(holds))('leaves a version %s for a newer one', async (_title, { state, policy, ...offer }) => {
    await set({ policy });
    await fixture.serving();
    const two = await fixture.offer('1.1.0', offer);
    await fixture.until(two, state);
    const three = await fixture.offer('1.2.0');
    await fixture.setPolicy({});
    await fixture.settled(three);
    expect(fixture.history.of(two).at(-1)).toBe('Superseded');
    expect(fixture.history.fewestPods).toBeGreaterThanOrEqual(3);
  });

  it('goes on with a version when its weights are offered under a higher number in the middle, and refuses that', async () => {
    await set({ policy: { canary: { steps: [{ weight: 50, holdSeconds: 0 }] }, ...endless } });
    await fixture.serving();
    const two = await fixture.offer('1.1.0');
    await fixture.until(two, 'Canary StepInconclusive 1');
    const { uri, digest } = fixture.bundleOf(two);
    await fixture.create('again', { model: 'catdog', version: '1.1.1', artifact: { uri, digest } });
    await fixture.until('again', 'Failed VersionMismatch');
    await fixture.setPolicy({});
    await fixture.until(two, 'Serving');
    await fixture.eventually('the canary is gone', () => fixture.canaries.length === 0);
    expect(fixture.digestsInService).toEqual([digest]);
  });

  it('blocks a second object with the same number and other weights', async () => {
    await set();
    const one = await fixture.serving();
    const { uri, digest } = await fixture.bundles.write('1.0.0-other');
    await fixture.create('second', { model: 'catdog', version: '1.0.0', artifact: { uri, digest } });
    await fixture.until('second', 'Pending DuplicateVersion');
    expect(fixture.status('second').message).toContain(`${one} already offers 1.0.0`);
    expect(fixture.condition(one, 'Ready')).toBe('True Serving');
  });

  it('returns to the previous version at once when the serving one is deleted, without a canary', async () => {
    await set();
    const one = await fixture.serving();
    const two = await fixture.offer('1.1.0');
    await fixture.settled(two);
    const before = fixture.history.of(one).length;
    await fixture.delete(two);
    await fixture.settled(one);
    expect(fixture.history.of(one).slice(before)).toEqual(['Promoting', 'Serving']);
    expect(fixture.history.fewestPods).toBeGreaterThanOrEqual(3);
  });

  it('leaves the stable pods alone when every version is deleted', async () => {
    await set({ policy: endless });
    const one = await fixture.serving();
    const two = await fixture.offer('1.1.0');
    await fixture.until(two, 'Canary StepInconclusive 1');
    const { generation } = fixture.stable.metadata;
    await Promise.all([one, two].map((name) => fixture.delete(name)));
    await fixture.eventually('the canary is gone', () => fixture.canaryPods.length + fixture.canaries.length === 0);
    expect(fixture.stable.metadata.generation).toBe(generation);
    expect(fixture.digestsInService).toEqual([fixture.bundleOf(one).digest]);
    expect(fixture.history.fewestPods).toBeGreaterThanOrEqual(3);
  });

  it('takes over weights that the stable pods already serve, without a canary', async () => {
    await set();
    const one = await fixture.serving();
    const { generation } = fixture.stable.metadata;
    await fixture.delete(one);
    const { uri, digest } = fixture.bundleOf(one);
    await fixture.eventually('it is gone', () => fixture.version(one) === undefined);
    await fixture.create('anew', { model: 'catdog', version: '1.0.0', artifact: { uri, digest } });
    await fixture.until('anew', 'Serving');
    expect(fixture.status('anew').verdict?.reason).toBe('AlreadyServed');
    expect(fixture.stable.metadata.generation).toBe(generation);
  });
});
