import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { publishBundle } from '@pawl/shared/bundle/publish-bundle';
import { generateSigningKeyPair } from '@pawl/shared/bundle/signature';
import { describeWhenSet } from '@pawl/test-kit/when-set';
import { startRegistry } from '@pawl/test-kit/registry';
import { digestOf } from '../src/model-version/canary.ts';
import { Stage, type StageOptions } from './support/stage.ts';
import { SwitchedPort } from './support/switched-port.ts';

import.meta.jest.setTimeout(400_000);

describeWhenSet('KUBECONFIG', 'artifacts on a real API server', (kubeconfig) => {
  let stage: Stage;
  const set = async (options?: StageOptions) => {
    stage = await Stage.set(kubeconfig, options);
    stage.start();
  };
  afterEach(() => stage.close());

  /** It failed before any pod existed. */
  const expectNoPod = (name: string) => {
    expect(stage.history.of(name).some((state) => state.startsWith('Canary'))).toBe(false);
    expect(stage.condition(name, 'ArtifactVerified')).toBe(`False ${stage.status(name).verdict?.reason ?? ''}`);
  };

  it('fails a bundle of another digest before any pod exists', async () => {
    await set();
    const one = await stage.serving();
    const digest = `sha256:${'0'.repeat(64)}`;
    const two = await stage.offer('1.1.0', { artifact: { digest } });
    await stage.until(two, 'Failed DigestMismatch');
    await stage.settled(one);
    expectNoPod(two);
    expect(stage.status(two).message).toContain(digest);
  });

  it('fails a bundle with a file that was changed', async () => {
    await set();
    const one = await stage.serving();
    const { directory, uri, digest } = await stage.bundles.write('1.1.0-broken');
    await writeFile(join(directory, 'model.onnx'), 'other weights');
    const two = await stage.offer('1.1.0', { artifact: { uri, digest } });
    await stage.until(two, 'Failed');
    await stage.settled(one);
    expectNoPod(two);
    expect(['DigestMismatch', 'ArtifactInvalid']).toContain(stage.status(two).verdict?.reason);
  });

  it('shows where weights come from, however much a manifest says of it', async () => {
    await set();
    const lineage = { run_id: 'a1b2', git_commit: 'ef01', notes: 'x'.repeat(100_000), ['k'.repeat(300)]: 'v' };
    const { uri, digest } = await stage.bundles.write('1.0.0-traced', { lineage });
    const one = await stage.offer('1.0.0', { artifact: { uri, digest } });
    await stage.until(one, 'Serving');
    const seen = stage.status(one).artifact?.lineage ?? {};
    expect(seen).toMatchObject({ run_id: 'a1b2', git_commit: 'ef01' });
    expect(seen['notes']).toMatch(/^x{1023}…$/);
    expect(Math.max(...Object.keys(seen).map((key) => key.length))).toBe(64);
  });

  it('fails the bundle of another model', async () => {
    await set();
    const { uri, digest } = await stage.bundles.write('1.0.0', { model: 'birds' });
    const one = await stage.offer('1.0.0', { artifact: { uri, digest } });
    await stage.until(one, 'Failed ModelMismatch');
    expectNoPod(one);
  });

  it('where a key is configured, fails what is not signed or signed by another, and takes what is signed', async () => {
    const { publicKeyPem, privateKeyPem } = generateSigningKeyPair();
    await set({ publicKeyPem });
    const one = await stage.offer('1.0.0', { privateKeyPem });
    await stage.settled(one);
    expect(stage.status(one).artifact?.signed).toBe(true);

    const two = await stage.offer('1.1.0');
    await stage.until(two, 'Failed SignatureMissing');
    const three = await stage.offer('1.2.0', { privateKeyPem: generateSigningKeyPair().privateKeyPem });
    await stage.until(three, 'Failed SignatureInvalid');
    await stage.settled(one);
    for (const name of [two, three]) expectNoPod(name);
  });

  it('waits for a bundle that is not there yet', async () => {
    await set();
    const { directory, uri, digest } = await stage.bundles.write('1.0.0');
    await rename(directory, `${directory}-later`);
    await stage.create('early', { model: 'catdog', version: '1.0.0', artifact: { uri, digest } });
    await stage.until('early', 'Verifying ArtifactNotFound');
    expect(stage.condition('early', 'ArtifactVerified')).toBe('Unknown ArtifactNotFound');
    expect(stage.canaries).toEqual([]);
    await rename(`${directory}-later`, directory);
    await stage.until('early', 'Serving');
  });

  it('outlasts a store that is down, the stable track untouched, and goes on when it is back', async () => {
    await set({ policy: { artifact: { registryPlainHttp: true } } });
    const registry = await startRegistry();
    const store = await SwitchedPort.to(Number(registry.host.split(':')[1]));
    try {
      const one = await stage.serving();
      const { generation } = stage.stable.metadata;
      const { directory } = await stage.bundles.write('1.1.0');
      const { uri } = await publishBundle(directory, `oci://${store.host}/catdog:1.1.0`, { insecureRegistry: true });
      store.turn(false);
      const two = await stage.offer('1.1.0', { artifact: { uri } });
      await stage.until(two, 'Verifying StoreUnreachable');
      expect(stage.status(two).message).toMatch(/tried (once|\d+ times), the stable pods are not touched/);
      expect(stage.condition(two, 'ArtifactVerified')).toBe('Unknown StoreUnreachable');
      expect(stage.condition(one, 'Ready')).toBe('True Serving');
      expect(stage.stable.metadata.generation).toBe(generation);

      store.turn(true);
      await stage.settled(two);
      // The pods fetch it themselves, to where the service looks for it.
      const { spec } = stage.stable.spec.template;
      const { digest } = stage.bundleOf(two);
      expect(digestOf(stage.stable.spec.template)).toBe(digest);
      expect(spec.initContainers?.[0]?.env).toContainEqual({ name: 'MODEL_URI', value: uri });
      expect(spec.containers[0]?.env).toContainEqual({
        name: 'MODEL_URI',
        value: `file:///models/${digest.replace(':', '-')}`,
      });
    } finally {
      await store.close();
      await registry.close();
    }
  });

  it('goes back to pods that fetch nothing when the weights of a volume follow those of a registry', async () => {
    await set({ policy: { artifact: { registryPlainHttp: true } } });
    const registry = await startRegistry();
    try {
      const { directory } = await stage.bundles.write('1.0.0');
      const { uri } = await publishBundle(directory, `oci://${registry.host}/catdog:1.0.0`, { insecureRegistry: true });
      await stage.settled(await stage.offer('1.0.0', { artifact: { uri } }));
      await stage.settled(await stage.offer('1.1.0'));
      const names = stage.stable.spec.template.spec.initContainers?.[0]?.env?.map(({ name }) => name);
      expect(names).toEqual(['MODEL_NAME']);
    } finally {
      await registry.close();
    }
  });
});
