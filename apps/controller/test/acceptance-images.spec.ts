import { describeWhenSet } from '@pawl/test-kit/when-set';
import { configMaps } from '@pawl/shared/kubernetes/objects';
import { imagesConfigMap } from './support/objects.ts';
import { EnvironmentFixture } from './support/environment-fixture.ts';

import.meta.jest.setTimeout(400_000);

describeWhenSet('KUBECONFIG', 'acceptance images in ConfigMaps of their own, on a real API server', (kubeconfig) => {
  let fixture: EnvironmentFixture;
  afterEach(() => fixture.close());
  const apply = (name: string, images: Readonly<Record<string, string>>) =>
    fixture.client.apply(configMaps, imagesConfigMap(fixture.namespace, name, images), { fieldManager: 'git' });

  it('are asked together with those of the policy, and judge a version as those do', async () => {
    fixture = await EnvironmentFixture.create(kubeconfig, { images: { 'cat.policy': 'cat' } });
    await apply('pictures', { 'cat.1': 'cat', 'dog.1': 'dog' });
    await apply('more-pictures', { 'dog.2': 'dog', 'cat.policy': 'cat' });
    fixture.start();
    const one = await fixture.serving();
    expect(fixture.status(one).acceptance).toMatchObject({ total: 4, correct: 4 });
    // Not what the picture shows.
    await apply('pictures', { 'cat.1': 'cat', 'dog.1': 'dog', 'dog.of-a-cat': 'cat' });
    const two = await fixture.offer('1.1.0');
    await fixture.until(two, 'Failed AcceptanceFailed');
    expect(fixture.status(two).acceptance).toMatchObject({
      total: 5,
      correct: 4,
      mistakes: [{ image: 'dog.of-a-cat', expected: 'dog', answered: 'cat' }],
    });
    await fixture.settled(one);
  });

  it('hold a rollout while two of them dispute a name, and let it go on at once when they do not any more', async () => {
    fixture = await EnvironmentFixture.create(kubeconfig, { images: {} });
    await apply('pictures', { 'cat.1': 'cat' });
    await apply('more-pictures', { 'cat.1': 'catty' });
    fixture.start();
    const one = await fixture.offer('1.0.0');
    await fixture.until(one, 'Pending PolicyInvalid');
    expect(fixture.status(one).message).toBe(
      'The acceptance image cat.1 is another one in the ConfigMap more-pictures than in pictures; give one of them another name',
    );
    await apply('more-pictures', { 'cat.2': 'catty' });
    await fixture.settled(one);
    expect(fixture.status(one).acceptance).toMatchObject({ total: 2, correct: 2 });
  });
});
