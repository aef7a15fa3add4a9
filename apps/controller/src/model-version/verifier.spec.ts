import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeClock } from '@pawl/shared/concurrency/test/fake-clock';
import type { ModelVersion } from '@pawl/shared/modelversion/model-version';
import { writeBundle } from '@pawl/shared/bundle/write-bundle';
import { someDraft, someSources } from '@pawl/test-kit/bundles';
import { someOnnx, withExternalTensor } from '@pawl/test-kit/onnx-bytes';
import { startUntrusted } from '@pawl/test-kit/untrusted-server';
import { MemoryLogger } from '../runtime/test/fake-objects.ts';
import type { Verification } from './facts.ts';
import { aPolicy, aVersion, NOW } from './test/builders.ts';
import { Verifier } from './verifier.ts';

const KEY = 'ns/m';
const at = (uri: string, version = aVersion('1.1.0')): ModelVersion => ({
  ...version,
  spec: { ...version.spec, artifact: { ...version.spec.artifact, uri } },
});

/** A verifier, and its result for a version. */
function aVerifier(directory: string) {
  const changed: string[] = [];
  const waiting: (() => void)[] = [];
  const verifier = new Verifier({
    directory,
    onChange: ({ metadata }) => {
      changed.push(metadata.name);
      waiting.shift()?.();
    },
    logger: new MemoryLogger(),
    clock: new FakeClock(NOW),
    signal: new AbortController().signal,
  });
  const verify = async (
    version: ModelVersion,
    mount: 'fetch' | 'image' = 'fetch',
  ): Promise<Verification | undefined> => {
    const told = new Promise<void>((resolve) => waiting.push(resolve));
    verifier.start(KEY, version, { artifact: { ...aPolicy().artifact, mount } });
    await told;
    return verifier.states(KEY, [version]).values().next().value;
  };
  return { verifier, verify, changed };
}

describe('a verifier', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pawl-verifier-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('tries again when it has no folder, and says so', async () => {
    const { verify } = aVerifier(join(folder, 'missing'));
    const version = at('file:///nowhere');
    expect(await verify(version)).toMatchObject({
      kind: 'unreachable',
      reason: 'VerifierUnavailable',
      message: expect.stringMatching(/^The controller could not verify the bundle: ENOENT.*mkdtemp/),
      attempts: 1,
      retryAt: NOW + 2_000,
    });
    expect(await verify(version)).toMatchObject({ attempts: 2, retryAt: NOW + 4_000 });
  });

  it('waits for a bundle that is not there yet, and leaves no folder behind', async () => {
    const { verify } = aVerifier(folder);
    expect(await verify(at('file:///nowhere'))).toMatchObject({ kind: 'unreachable', reason: 'ArtifactNotFound' });
    expect(await readdir(folder)).toEqual([]);
  });

  it('refuses weights outside the files that the manifest lists, for good', async () => {
    const directory = join(folder, 'bundle');
    const source = withExternalTensor(someOnnx, 'hidden.bin');
    const sources = someSources().map((file) => (file.path === 'model.onnx' ? { ...file, source } : file));
    const { digest } = await writeBundle(directory, someDraft(), sources);
    const version = at(`file://${directory}`);
    const pinned = { ...version, spec: { ...version.spec, artifact: { ...version.spec.artifact, digest } } };
    expect(await aVerifier(folder).verify(pinned)).toEqual({
      kind: 'refused',
      reason: 'ArtifactInvalid',
      message: 'model.onnx keeps weights in another file, which no digest covers; expected a graph in one file.',
    });
  });

  it('tells a store whose certificate is not trusted from one that refuses it', async () => {
    const store = await startUntrusted();
    const { verify } = aVerifier(folder);
    const judged = await verify(at(`https://${store.host}/m`));
    await store.close();
    expect(judged).toMatchObject({
      kind: 'unreachable',
      reason: 'StoreUntrusted',
      message: expect.stringContaining('shows a certificate that is self-signed, and not trusted here') as string,
    });
  });

  it('mounts only what is in a registry', async () => {
    const { verify } = aVerifier(folder);
    expect(await verify(at('https://example/m'), 'image')).toMatchObject({ kind: 'unsupported' });
  });

  it('mounts no image whose reference a status has no room for', async () => {
    const { verify } = aVerifier(folder);
    expect(await verify(at(`oci://example/${'m'.repeat(945)}`), 'image')).toMatchObject({
      kind: 'unsupported',
      message: expect.stringMatching(/^The address has 959 characters; one of an image volume may have 958/),
    });
  });

  it('runs one attempt once, and forgets versions that are gone', async () => {
    const { verifier, verify, changed } = aVerifier(folder);
    const version = at('file:///nowhere');
    const first = verify(version);
    verifier.start(KEY, version, { artifact: aPolicy().artifact });
    expect(verifier.states(KEY, [version]).values().next().value).toMatchObject({ kind: 'running' });
    await first;
    expect(changed).toEqual(['m-1.1.0']);
    verifier.states(KEY, []);
    expect(verifier.states(KEY, [version]).size).toBe(0);
  });
});
