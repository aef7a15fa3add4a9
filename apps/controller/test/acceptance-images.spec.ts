import { describeWhenSet } from '@pawl/test-kit/when-set';
import { configMaps } from '@pawl/shared/kubernetes/objects';
import { imagesConfigMap } from './support/objects.ts';
import { Stage } from './support/stage.ts';

import.meta.jest.setTimeout(400_000);

describeWhenSet('KUBECONFIG', 'acceptance images in ConfigMaps of their own, on a real API server', (kubeconfig) => {
  let stage: Stage;
  afterEach(() => stage.close());
  const apply = (name: string, images: Readonly<Record<string, string>>) =>
    stage.client.apply(configMaps, imagesConfigMap(stage.namespace, name, images), { fieldManager: 'git' });

  it('are asked together with those of the policy, and judge a version as those do', async () => {
    stage = await Stage.set(kubeconfig, { images: { 'cat.policy': 'cat' } });
    await apply('pictures', { 'cat.1': 'cat', 'dog.1': 'dog' });
    await apply('more-pictures', { 'dog.2': 'dog', 'cat.policy': 'cat' });
    stage.start();
    const one = await stage.serving();
    expect(stage.status(one).acceptance).toMatchObject({ total: 4, correct: 4 });
    // Not what the picture shows.
    await apply('pictures', { 'cat.1': 'cat', 'dog.1': 'dog', 'dog.of-a-cat': 'cat' });
    const two = await stage.offer('1.1.0');
    await stage.until(two, 'Failed AcceptanceFailed');
    expect(stage.status(two).acceptance).toMatchObject({
      total: 5,
      correct: 4,
      mistakes: [{ image: 'dog.of-a-cat', expected: 'dog', answered: 'cat' }],
    });
    await stage.settled(one);
  });

  it('hold a rollout while two of them dispute a name, and let it go on at once when they do not any more', async () => {
    stage = await Stage.set(kubeconfig, { images: {} });
    await apply('pictures', { 'cat.1': 'cat' });
    await apply('more-pictures', { 'cat.1': 'catty' });
    stage.start();
    const one = await stage.offer('1.0.0');
    await stage.until(one, 'Pending PolicyInvalid');
    expect(stage.status(one).message).toBe(
      'The acceptance image cat.1 is another one in the ConfigMap more-pictures than in pictures; give one of them another name',
    );
    await apply('more-pictures', { 'cat.2': 'catty' });
    await stage.settled(one);
    expect(stage.status(one).acceptance).toMatchObject({ total: 2, correct: 2 });
  });
});
