import { readFileSync } from 'node:fs';
import { canonicalJson } from '@pawl/shared/bundle/canonical-json';
import { MANIFEST_FILE } from '@pawl/shared/bundle/manifest';
import type { Bundle } from '@pawl/shared/bundle/open-bundle';
import { buildReference } from '@pawl/shared/drift/build-reference';
import { catdog, catPhoto } from '@pawl/test-kit/repository';
import { startService } from './support/start-service.ts';
import { aBundleWithoutFiles, startTestService, type TestService } from './support/test-service.ts';

const photo = Uint8Array.from(readFileSync(catPhoto));

/** Of 1,000 pictures 640x480, as the fake backend says, that are cats as often as dogs. */
const reference = buildReference({
  inputs: Array.from({ length: 1000 }, (_, i) => ({ width: 600 + i / 10, bytes: 1000 * i, brightness: i })),
  labels: ['cat', 'dog'],
  answers: Array.from({ length: 1000 }, (_, i) => ({ label: i % 2 === 0 ? 'cat' : 'dog', confidence: 0.9 })),
});

/** A bundle whose reference is the given text. */
function withReference(text: string): Bundle {
  const bundle = aBundleWithoutFiles({ reference: 'reference.json' });
  return {
    ...bundle,
    read: async (file) => (file === 'reference.json' ? new Uint8Array(Buffer.from(text)) : await bundle.read(file)),
  };
}

describe('the drift of a model', () => {
  let service: TestService | undefined;
  const start = async (bundle: Bundle, env = {}) => {
    service = await startTestService({ open: () => Promise.resolve(bundle), env });
    return service;
  };
  const metrics = async () => (await fetch(`${service?.url ?? ''}/metrics`)).text();
  const predict = async (times = 1) => {
    for (let n = 0; n < times; n++)
      expect((await fetch(`${service?.url ?? ''}/predict`, { method: 'POST', body: photo })).status).toBe(200);
  };
  afterEach(() => service?.app.close());

  it('is counted by statistic and bin, beside the shares of the reference', async () => {
    await start(withReference(canonicalJson(reference)));
    await predict(3);
    const text = await metrics();
    expect(text).toMatch(/^catdog_drift_bin_total\{statistic="width",bin="4"\} 3$/m);
    expect(text).toMatch(/^catdog_drift_bin_total\{statistic="label",bin="cat"\} 3$/m);
    expect(text).toMatch(/^catdog_drift_reference_share\{statistic="width",bin="4"\} 0.1$/m);
    expect(text).toMatch(/^catdog_drift_reference_share\{statistic="label",bin="dog"\} 0.5$/m);
    // The fake backend measures nothing of the pixels.
    expect(text).not.toMatch(/^catdog_drift_bin_total\{statistic="brightness"/m);
  });

  it('is evidence that grows with every picture of one size', async () => {
    await start(withReference(canonicalJson(reference)));
    const evidence = async (statistic: string) =>
      Number(new RegExp(`^catdog_drift_evidence\\{statistic="${statistic}"\\} (.*)$`, 'm').exec(await metrics())?.[1]);
    expect(await evidence('width')).toBe(0);
    await predict(20);
    const after = await evidence('width');
    expect(after).toBeGreaterThan(1);
    await predict(20);
    expect(await evidence('width')).toBeGreaterThan(after);
    expect(await evidence('all')).toBeGreaterThan(1);
  });

  it('has no series where the bundle has no reference, or where it is switched off', async () => {
    await start(aBundleWithoutFiles());
    await predict();
    expect(await metrics()).not.toMatch(/^catdog_drift/m);
    await service?.app.close();
    await start(withReference(canonicalJson(reference)), { DRIFT: 'false' });
    await predict();
    expect(await metrics()).not.toMatch(/^catdog_drift/m);
  });

  it.each([
    ['is no JSON', '{', 'reference.json is not JSON.'],
    [
      'breaks its schema',
      canonicalJson({ ...reference, count: -1 }),
      'reference.json: count: Too small: expected number to be >=1.',
    ],
  ])('is not watched, and says so, where the reference %s; predictions are answered', async (_, text, message) => {
    const { log } = await start(withReference(text));
    await predict();
    expect(log.find(({ message: said }) => said.startsWith('drift is not watched'))).toMatchObject({
      code: 'BUNDLE_REFERENCE_INVALID',
    });
    expect(JSON.stringify(log)).toContain(message);
    expect(await metrics()).not.toMatch(/^catdog_drift/m);
  });
});

describe('the shipped model', () => {
  it('is watched by everything that its reference has', async () => {
    const service = await startService({});
    try {
      const answer = await fetch(`${service.url}/predict`, { method: 'POST', body: photo });
      expect(answer.status).toBe(200);
      const text = await (await fetch(`${service.url}/metrics`)).text();
      const counted = [...text.matchAll(/^catdog_drift_bin_total\{statistic="(\w+)",bin="\w+"\} 1$/gm)];
      const { inputs, answers } = JSON.parse(readFileSync(`${catdog}/reference.json`, 'utf8')) as typeof reference;
      expect(counted.map(([, statistic]) => statistic).sort()).toEqual(
        [...Object.keys(inputs), ...Object.keys(answers.scores ?? {}), 'label'].sort(),
      );
    } finally {
      await service.stop();
    }
  });

  it('lists its reference', () => {
    const { reference: file } = JSON.parse(readFileSync(`${catdog}/${MANIFEST_FILE}`, 'utf8')) as {
      reference: string;
    };
    expect(file).toBe('reference.json');
  });
});
