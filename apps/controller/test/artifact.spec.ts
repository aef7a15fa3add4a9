import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { publishBundle } from '@pawl/shared/bundle/publish-bundle';
import { generateSigningKeyPair } from '@pawl/shared/bundle/signature';
import { describeWhenSet } from '@pawl/test-kit/when-set';
import { startRegistry } from '@pawl/test-kit/registry';
import { digestOf } from '../src/model-version/canary.ts';
import { EnvironmentFixture, type FixtureOptions } from './support/environment-fixture.ts';
import { SwitchedPort } from './support/switched-port.ts';

import.meta.jest.setTimeout(400_000);

describeWhenSet('KUBECONFIG', 'artifacts on a real API server', (kubeconfig) => {
  let fixture: EnvironmentFixture;
  const set = async (options?: FixtureOptions) => {
    fixture = await EnvironmentFixture.create(kubeconfig, options);
    fixture.start();
  };
  afterEach(() => fixture.close());

  /** It failed before any pod existed. */
  const expectNoPod = (name: string) => {
    expect(fixture.history.of(name).some((state) => state.startsWith('Canary'))).toBe(false);
    expect(fixture.condition(name, 'ArtifactVerified')).toBe(`False ${fixture.status(name).verdict?.reason ?? ''}`);
  };

  it('fails a bundle of another digest before any pod exists', async () => {
    await set();
    const one = await fixture.serving();
    const digest = `sha256:${'0'.repeat(64)}`;
    const two = await fixture.offer('1.1.0', { artifact: { digest } });
    await fixture.until(two, 'Failed DigestMismatch');
    await fixture.settled(one);
    expectNoPod(two);
    expect(fixture.status(two).message).toContain(digest);
  });

  it('fails a bundle with a file that was changed', async () => {
    await set();
    const one = await fixture.serving();
    const { directory, uri, digest } = await fixture.bundles.write('1.1.0-broken');
    await writeFile(join(directory, 'model.onnx'), 'other weights');
    const two = await fixture.offer('1.1.0', { artifact: { uri, digest } });
    await fixture.until(two, 'Failed');
    await fixture.settled(one);
    expectNoPod(two);
    expect(['DigestMismatch', 'ArtifactInvalid']).toContain(fixture.status(two).verdict?.reason);
  });

  it('shows where weights come from, however much a manifest says of it', async () => {
    await set();
    const lineage = { run_id: 'a1b2', git_commit: 'ef01', notes: 'x'.repeat(100_000), ['k'.repeat(300)]: 'v' };
    const { uri, digest } = await fixture.bundles.write('1.0.0', { lineage });
    const one = 'traced';
    await fixture.create(one, { model: 'catdog', version: '1.0.0', artifact: { uri, digest } });
    await fixture.until(one, 'Serving');
    const seen = fixture.status(one).artifact?.lineage ?? {};
    expect(seen).toMatchObject({ run_id: 'a1b2', git_commit: 'ef01' });
    expect(seen['notes']).toMatch(/^x{1023}…$/);
    expect(Math.max(...Object.keys(seen).map((key) => key.length))).toBe(64);
  });

  it('fails the bundle of another model', async () => {
    await set();
    const { uri, digest } = await fixture.bundles.write('1.0.0', { model: 'birds' });
    const one = await fixture.offer('1.0.0', { artifact: { uri, digest } });
    await fixture.until(one, 'Failed ModelMismatch');
    expectNoPod(one);
  });

  it('fails an old bundle that is offered under a new number', async () => {
    await set();
    const { uri, digest } = await fixture.bundles.write('1.0.0');
    const one = await fixture.offer('99.0.0', { artifact: { uri, digest } });
    await fixture.until(one, 'Failed VersionMismatch');
    expectNoPod(one);
  });

  it('where a key is configured, fails what is not signed or signed by another, and takes what is signed', async () => {
    const { publicKeyPem, privateKeyPem } = generateSigningKeyPair();
    await set({ publicKeyPem });
    const one = await fixture.offer('1.0.0', { privateKeyPem });
    await fixture.settled(one);
    expect(fixture.status(one).artifact?.signed).toBe(true);

    const two = await fixture.offer('1.1.0');
    await fixture.until(two, 'Failed SignatureMissing');
    const three = await fixture.offer('1.2.0', { privateKeyPem: generateSigningKeyPair().privateKeyPem });
    await fixture.until(three, 'Failed SignatureInvalid');
    await fixture.settled(one);
    for (const name of [two, three]) expectNoPod(name);
  });

  it('waits for a bundle that is not there yet', async () => {
    await set();
    const { directory, uri, digest } = await fixture.bundles.write('1.0.0');
    await rename(directory, `${directory}-later`);
    await fixture.create('early', { model: 'catdog', version: '1.0.0', artifact: { uri, digest } });
    await fixture.until('early', 'Verifying ArtifactNotFound');
    expect(fixture.condition('early', 'ArtifactVerified')).toBe('Unknown ArtifactNotFound');
    expect(fixture.canaries).toEqual([]);
    await rename(`${directory}-later`, directory);
    await fixture.until('early', 'Serving');
  });

  it('outlasts a store that is down, the stable track untouched, and goes on when it is back', async () => {
    await set({ policy: { artifact: { registryPlainHttp: true } } });
    const registry = await startRegistry();
    const store = await SwitchedPort.to(Number(registry.host.split(':')[1]));
    try {
      const one = await fixture.serving();
      const { generation } = fixture.stable.metadata;
      const { directory } = await fixture.bundles.write('1.1.0');
      const { uri } = await publishBundle(directory, `oci://${store.host}/catdog:1.1.0`, { insecureRegistry: true });
      store.turn(false);
      const two = await fixture.offer('1.1.0', { artifact: { uri } });
      await fixture.until(two, 'Verifying StoreUnreachable');
      expect(fixture.status(two).message).toMatch(/tried (once|\d+ times), the stable pods are not touched/);
      expect(fixture.condition(two, 'ArtifactVerified')).toBe('Unknown StoreUnreachable');
      expect(fixture.condition(one, 'Ready')).toBe('True Serving');
      expect(fixture.stable.metadata.generation).toBe(generation);

      store.turn(true);
      await fixture.settled(two);
      // The pods fetch it themselves, to where the service looks for it.
      const { spec } = fixture.stable.spec.template;
      const { digest } = fixture.bundleOf(two);
      expect(digestOf(fixture.stable.spec.template)).toBe(digest);
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
      const { directory } = await fixture.bundles.write('1.0.0');
      const { uri } = await publishBundle(directory, `oci://${registry.host}/catdog:1.0.0`, { insecureRegistry: true });
      await fixture.settled(await fixture.offer('1.0.0', { artifact: { uri } }));
      await fixture.settled(await fixture.offer('1.1.0'));
      const names = fixture.stable.spec.template.spec.initContainers?.[0]?.env?.map(({ name }) => name);
      expect(names).toEqual(['MODEL_NAME']);
    } finally {
      await registry.close();
    }
  });
});
