import { leases } from '@pawl/shared/kubernetes/objects';
import { describeWhenSet } from '@pawl/test-kit/when-set';
import { EnvironmentFixture } from './support/environment-fixture.ts';

import.meta.jest.setTimeout(600_000);

const LEASE = 'pawl-controller';

describeWhenSet('KUBECONFIG', 'controllers that die, on a real API server', (kubeconfig) => {
  let fixture: EnvironmentFixture;
  beforeEach(async () => {
    fixture = await EnvironmentFixture.create(kubeconfig);
  });
  afterEach(() => fixture.close());

  /** Its holder is dead: the next controller need not wait for the lease to expire, which another test is about. */
  const freeLease = () => fixture.client.delete(leases, fixture.namespace, LEASE);

  /** One served version, and no controller any more. */
  const served = async () => {
    const controller = fixture.start();
    const one = await fixture.serving();
    await fixture.settled(one);
    await controller.stop();
    return one;
  };

  it.each([
    'Verifying',
    'Canary CanaryStarting',
    'Canary Accepting',
    'Canary StepRunning 1',
    'Canary StepRunning 2',
    'Promoting',
    'Serving',
  ])('comes to the same end when the controller is killed while %s', async (state) => {
    await served();
    const first = fixture.spawn();
    const two = await fixture.offer('1.1.0');
    await fixture.untilSeen(two, state);
    await first.stop();
    await freeLease();
    fixture.spawn();
    await fixture.settled(two);
    expect(fixture.status(two).verdict).toMatchObject({ outcome: 'Passed', reason: 'StepsCompleted' });
    expect(fixture.history.fewestPods).toBeGreaterThanOrEqual(3);
  });

  it('comes to the same end when no controller survives its first write', async () => {
    await served();
    const two = await fixture.offer('1.1.0');
    let lives = 0;
    for (; fixture.version(two)?.status?.phase !== 'Serving' && lives < 100; lives += 1) {
      const controller = fixture.start({ diesAfterWrites: 1 });
      await Promise.race([
        controller.ended,
        fixture.eventually('it serves', () => fixture.version(two)?.status?.phase === 'Serving'),
      ]);
      await controller.stop();
      await freeLease();
    }
    // The canary is still to be taken away.
    fixture.start();
    await fixture.settled(two);
    expect(lives).toBeGreaterThan(8);
    expect(fixture.status(two).verdict).toMatchObject({ outcome: 'Passed', reason: 'StepsCompleted' });
    expect(fixture.history.fewestPods).toBeGreaterThanOrEqual(3);
  });

  it('comes to the same failure when no controller survives its first write', async () => {
    const one = await served();
    const two = await fixture.offer('1.1.0', { behaviour: { cats: 1 } });
    for (let lives = 0; fixture.version(two)?.status?.phase !== 'Failed' && lives < 100; lives += 1) {
      const controller = fixture.start({ diesAfterWrites: 1 });
      await Promise.race([
        controller.ended,
        fixture.eventually('it failed', () => fixture.version(two)?.status?.phase === 'Failed'),
      ]);
      await controller.stop();
      await freeLease();
    }
    fixture.start();
    await fixture.until(two, 'Failed PredictionsShifted');
    await fixture.settled(one);
    expect(fixture.history.fewestPods).toBeGreaterThanOrEqual(3);
  });

  it('is gone on with by the second replica when the first one dies without a word', async () => {
    await served();
    const first = fixture.start({ identity: 'first', diesAfterWrites: 8 });
    await fixture.eventually('the first leads', async () => (await holder()) === 'first');
    const second = fixture.start({ identity: 'second' });
    const two = await fixture.offer('1.1.0');
    expect(await first.ended).toBe('died');
    expect(fixture.version(two)?.status?.phase).not.toBe('Serving');
    await fixture.settled(two);
    expect(await holder()).toBe('second');
    expect(await second.metric('pawl_controller_leader')).toBe(1);
  });

  it('hands over at once when it is asked to stop', async () => {
    await served();
    const first = fixture.start({ identity: 'first' });
    await fixture.eventually('the first leads', async () => (await holder()) === 'first');
    fixture.start({ identity: 'second' });
    const two = await fixture.offer('1.1.0');
    await fixture.until(two, 'Canary');
    await first.stop();
    expect(await first.ended).toBe('stopped');
    await fixture.settled(two);
    expect(await holder()).toBe('second');
  });

  const holder = async () => (await fixture.client.get(leases, fixture.namespace, LEASE))?.spec?.holderIdentity;
});
