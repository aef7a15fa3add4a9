import { leases } from '@pawl/shared/kubernetes/objects';
import { describeWhenSet } from '@pawl/test-kit/when-set';
import { Stage } from './support/stage.ts';

import.meta.jest.setTimeout(600_000);

const LEASE = 'pawl-controller';

describeWhenSet('KUBECONFIG', 'controllers that die, on a real API server', (kubeconfig) => {
  let stage: Stage;
  beforeEach(async () => {
    stage = await Stage.set(kubeconfig);
  });
  afterEach(() => stage.close());

  /** Its holder is dead: the next controller need not wait for the lease to expire, which another test is about. */
  const freeLease = () => stage.client.delete(leases, stage.namespace, LEASE);

  /** One served version, and no controller any more. */
  const served = async () => {
    const controller = stage.start();
    const one = await stage.serving();
    await stage.settled(one);
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
    const first = stage.spawn();
    const two = await stage.offer('1.1.0');
    await stage.untilSeen(two, state);
    await first.stop();
    await freeLease();
    stage.spawn();
    await stage.settled(two);
    expect(stage.status(two).verdict).toMatchObject({ outcome: 'Passed', reason: 'StepsCompleted' });
    expect(stage.history.fewestPods).toBeGreaterThanOrEqual(3);
  });

  it('comes to the same end when no controller survives its first write', async () => {
    await served();
    const two = await stage.offer('1.1.0');
    let lives = 0;
    for (; stage.version(two)?.status?.phase !== 'Serving' && lives < 100; lives += 1) {
      const controller = stage.start({ diesAfterWrites: 1 });
      await Promise.race([
        controller.ended,
        stage.eventually('it serves', () => stage.version(two)?.status?.phase === 'Serving'),
      ]);
      await controller.stop();
      await freeLease();
    }
    // The canary is still to be taken away.
    stage.start();
    await stage.settled(two);
    expect(lives).toBeGreaterThan(8);
    expect(stage.status(two).verdict).toMatchObject({ outcome: 'Passed', reason: 'StepsCompleted' });
    expect(stage.history.fewestPods).toBeGreaterThanOrEqual(3);
  });

  it('comes to the same failure when no controller survives its first write', async () => {
    const one = await served();
    const two = await stage.offer('1.1.0', { behaviour: { cats: 1 } });
    for (let lives = 0; stage.version(two)?.status?.phase !== 'Failed' && lives < 100; lives += 1) {
      const controller = stage.start({ diesAfterWrites: 1 });
      await Promise.race([
        controller.ended,
        stage.eventually('it failed', () => stage.version(two)?.status?.phase === 'Failed'),
      ]);
      await controller.stop();
      await freeLease();
    }
    stage.start();
    await stage.until(two, 'Failed PredictionsShifted');
    await stage.settled(one);
    expect(stage.history.fewestPods).toBeGreaterThanOrEqual(3);
  });

  it('is gone on with by the second replica when the first one dies without a word', async () => {
    await served();
    const first = stage.start({ identity: 'first', diesAfterWrites: 8 });
    await stage.eventually('the first leads', async () => (await holder()) === 'first');
    const second = stage.start({ identity: 'second' });
    const two = await stage.offer('1.1.0');
    expect(await first.ended).toBe('died');
    expect(stage.version(two)?.status?.phase).not.toBe('Serving');
    await stage.settled(two);
    expect(await holder()).toBe('second');
    expect(await second.metric('pawl_controller_leader')).toBe(1);
  });

  it('hands over at once when it is asked to stop', async () => {
    await served();
    const first = stage.start({ identity: 'first' });
    await stage.eventually('the first leads', async () => (await holder()) === 'first');
    stage.start({ identity: 'second' });
    const two = await stage.offer('1.1.0');
    await stage.until(two, 'Canary');
    await first.stop();
    expect(await first.ended).toBe('stopped');
    await stage.settled(two);
    expect(await holder()).toBe('second');
  });

  const holder = async () => (await stage.client.get(leases, stage.namespace, LEASE))?.spec?.holderIdentity;
});
