import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { forEachLimited } from '@pawl/shared/concurrency/for-each-limited';
import { createRandom } from '@pawl/shared/statistics/random';
import { catPhoto } from '@pawl/test-kit/repository';
import { describeWhenSet } from '@pawl/test-kit/when-set';
import type { Feedback } from '../src/feedback/feedback.schema.ts';
import { isWithin, sumOf } from './support/estimated-accuracy.ts';
import { startService } from './support/start-service.ts';
import { aBundleWithoutFiles, startTestService } from './support/test-service.ts';

const ALPHA = 1e-4;

interface Said {
  readonly label: string;
  readonly prediction_id: string;
}

async function predict(url: string, photo: Uint8Array): Promise<Said> {
  const headers = { 'content-type': 'image/jpeg' };
  const response = await fetch(`${url}/predict`, { method: 'POST', body: Buffer.from(photo), headers });
  return (await response.json()) as Said;
}

/** Sends true labels. @returns the metrics after that. */
async function tell(url: string, feedback: readonly Feedback[]): Promise<string> {
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify({ feedback });
  const response = await fetch(`${url}/feedback`, { method: 'POST', body, headers });
  expect(response.status).toBe(200);
  return (await fetch(`${url}/metrics`)).text();
}

/** The estimate that needs no labels. */
const estimateOf = (metrics: string) => ({
  estimate: sumOf(metrics, /_prediction_confidence_sum\{/) / sumOf(metrics, /_prediction_confidence_count\{/),
  count: sumOf(metrics, /_prediction_confidence_count\{/),
});

describe('the mean confidence', () => {
  it.each([
    ['of a calibrated model is its accuracy, as far as chance allows', 0, true],
    ['of a model that is too sure of itself is not', 0.25, false],
  ])('%s', async (_, tooSure, agrees) => {
    const random = createRandom(7);
    const service = await startTestService({
      open: () => Promise.resolve(aBundleWithoutFiles({ metrics: { accuracy: 0.75, test_pictures: 10_000 } })),
    });
    const photo = readFileSync(catPhoto);
    const feedback: Feedback[] = [];
    for (let at = 0; at < 300; at++) {
      const confidence = 0.51 + 0.48 * random.next();
      const isCat = random.next() < 0.5;
      const logit = Math.log(confidence / (1 - confidence)) * (isCat ? -1 : 1);
      service.backend.behaviour = () => Promise.resolve(service.backend.answer(logit));
      const { label, prediction_id } = await predict(service.url, photo);
      const isRight = random.next() < confidence - tooSure;
      feedback.push({ prediction_id, label: isRight ? label : label === 'cat' ? 'dog' : 'cat' });
    }
    const metrics = await tell(service.url, feedback);
    await service.app.close();
    const { estimate, count } = estimateOf(metrics);
    const accuracy = sumOf(metrics, /_feedback_total\{.*correct="true"/) / sumOf(metrics, /_feedback_total\{/);
    expect(count).toBe(300);
    expect(isWithin(accuracy, estimate, count, ALPHA)).toBe(agrees);
    // Feedback alone says the same of the figure at release, which was right of the calibrated model.
    expect(sumOf(metrics, /_accuracy_change_upper_bound\{/) < 0).toBe(!agrees);
  });
});

describeWhenSet('PAWL_TEST_PETS', 'the mean confidence of the shipped model', (pets) => {
  it('is its accuracy on photographs of pets, and feedback finds no change since release', async () => {
    const service = await startService({ FEEDBACK_MAX_ENTRIES: '10000' });
    const photos = ['cat', 'dog'].flatMap((label) =>
      readdirSync(join(pets, label))
        .filter((file) => /\.(jpe?g|png|webp)$/i.test(file))
        .slice(0, 150)
        .map((file) => ({ label, path: join(pets, label, file) })),
    );
    const feedback: Feedback[] = [];
    let right = 0;
    await forEachLimited(photos, 4, async ({ label, path }) => {
      const said = await predict(service.url, readFileSync(path));
      if (said.label === label) right++;
      feedback.push({ prediction_id: said.prediction_id, label });
    });
    const metrics = await tell(service.url, feedback);
    await service.stop();
    const { estimate, count } = estimateOf(metrics);
    expect(count).toBe(photos.length);
    expect(sumOf(metrics, /_feedback_total\{/)).toBe(count);
    expect({ right, count, isWithin: isWithin(right / count, estimate, count, ALPHA), estimate }).toMatchObject({
      isWithin: true,
    });
    const change = right / count - sumOf(metrics, /_accuracy_at_release\{/);
    expect(sumOf(metrics, /_accuracy_change_lower_bound\{/)).toBeLessThan(change);
    expect(sumOf(metrics, /_accuracy_change_upper_bound\{/)).toBeGreaterThan(change);
    expect(sumOf(metrics, /_accuracy_change_upper_bound\{/)).toBeGreaterThan(0);
  });
});
