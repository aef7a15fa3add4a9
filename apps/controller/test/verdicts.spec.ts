import { annotations } from '@pawl/shared/modelversion/names';
import type { ModelVersion } from '@pawl/shared/modelversion/model-version';
import { describeWhenSet } from '@pawl/test-kit/when-set';
import { modelVersions } from '@pawl/shared/modelversion/resource';
import { freePort } from '@pawl/test-kit/free-port';
import { EnvironmentFixture } from './support/environment-fixture.ts';

import.meta.jest.setTimeout(400_000);

describeWhenSet('KUBECONFIG', 'the verdicts that a controller publishes, on a real API server', (kubeconfig) => {
  let fixture: EnvironmentFixture;
  afterEach(() => fixture.close());

  it('are the ModelVersions as the API server has them, and when that was so', async () => {
    fixture = await EnvironmentFixture.create(kubeconfig);
    const port = await freePort('0.0.0.0');
    const controller = fixture.start({ port });
    const one = await fixture.serving();
    await fixture.settled(one);
    const two = await fixture.offer('1.1.0', { behaviour: { isWrong: true } });
    await fixture.until(two, 'Failed');
    await fixture.settled(one);
    const read = async (path: string) => {
      const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { connection: 'close' } });
      expect([path, response.status]).toEqual([path, 200]);
      return (await response.json()) as unknown;
    };
    expect(await read('/verdicts')).toMatchObject({
      items: [
        { name: one, model: 'catdog', version: '1.0.0', phase: 'Serving', href: `/verdicts/${one}` },
        { name: two, model: 'catdog', version: '1.1.0', phase: 'Failed', href: `/verdicts/${two}` },
      ],
    });
    for (const name of [one, two]) {
      const { metadata, ...rest } = (await fixture.client.get(modelVersions, fixture.namespace, name))!;
      const published = (await read(`/verdicts/${name}`)) as ModelVersion;
      const { [annotations.observedAt]: observedAt = '', ...others } = published.metadata.annotations ?? {};
      expect(Date.parse(observedAt)).toBeLessThanOrEqual(Date.now());
      expect(Date.parse(observedAt)).toBeGreaterThan(Date.parse(metadata.creationTimestamp) - 1000);
      const { managedFields, ...kept } = metadata as typeof metadata & { managedFields?: unknown };
      expect(managedFields).toBeDefined();
      expect({ ...published, metadata: { ...published.metadata, annotations: others } }).toEqual({
        ...rest,
        metadata: { ...kept, annotations: metadata.annotations ?? {} },
      });
    }
    await controller.stop();
  });
});
