import { targetOf } from './increments.ts';
import { periodBefore } from './period.ts';
import { modelsIn, servedModels } from './served-models.ts';

const period = periodBefore(new Date(4_000_060_000), 240);

/** Of one address, seen at the ends of some steps. */
const info = (version: string, ...steps: readonly number[]) => ({
  labels: { instance: 'localhost:8000', version, digest: `sha256:${version}` },
  points: steps.map((step) => [period.start + (step + 1) * period.stepSeconds, 1] as const),
});

const target = targetOf({ instance: 'localhost:8000' });
const versions = (...series: Parameters<typeof servedModels>[0]) => {
  const served = servedModels(series, period);
  return [0, 1, 2, 3].map((step) => served(target, step)?.version);
};

it('knows the version of each step, that of the newer process where both were seen in one', () => {
  expect(versions(info('1', -1, 0, 1), info('2', 1, 2, 3))).toEqual(['1', '2', '2', '2']);
});

it('takes the last one known where none was seen, and the first one before it', () => {
  expect(versions(info('1', 1))).toEqual(['1', '1', '1', '1']);
});

it('knows nothing of other processes', () => {
  expect(servedModels([info('1', 0)], period)(targetOf({ instance: 'elsewhere' }), 0)).toBeUndefined();
});

it('lists each model once', () => {
  const two = [info('1', 0), { ...info('1', 1), labels: { ...info('1').labels, instance: 'b' } }, info('2', 1)];
  expect(modelsIn(two).map(({ version }) => version)).toEqual(['1', '2']);
});
