import type { Pod } from './support/objects.ts';
import { scenario } from './support/scenario.ts';
import { prepare } from './support/prepare.ts';

interface PodWithVolumes extends Omit<Pod, 'spec'> {
  readonly spec: {
    readonly volumes: readonly { readonly image?: { readonly reference: string } }[];
    readonly initContainers?: readonly { readonly env?: readonly { readonly name: string }[] }[];
  };
}

describe('bundles are mounted as image volumes', () => {
  const { fixture, offer } = prepare({ policy: { artifact: { mount: 'image' } } });

  scenario(fixture, '13', 'weights that Kubernetes mounts as an image take every step and serve', async (run) => {
    const { env } = run;
    const { name, digest } = await offer('better');
    const served = await env.waitForPhase(name, 'Serving');
    const image = served.status?.artifact?.image;
    expect(image).toMatch(/@sha256:[0-9a-f]{64}$/);
    await env.settle();
    for (const pod of (await env.pods('stable')) as readonly unknown[] as readonly PodWithVolumes[]) {
      // The chart may keep the container that fetches, so that the way of mounting can change; it has nothing to fetch.
      const fetched = pod.spec.initContainers?.flatMap(({ env = [] }) => env.map((variable) => variable.name)) ?? [];
      expect(fetched).not.toContain('MODEL_URI');
      expect(pod.spec.volumes.map((volume) => volume.image?.reference)).toContain(image);
    }
    await run.answersOnlyFrom(digest);
  });
});
