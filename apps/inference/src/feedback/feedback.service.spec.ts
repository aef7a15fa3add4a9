import type { Manifest } from '@pawl/shared/bundle/manifest';
import type { Clock } from '@pawl/shared/concurrency/clock';
import { PawlError } from '@pawl/shared/errors/pawl-error';
import { register } from 'prom-client';
import { aBundleWithoutFiles } from '../../test/support/test-service.ts';
import { parseConfig } from '../config/config.schema.ts';
import { MetricFactory } from '../metrics/metric-factory.ts';
import type { ModelService } from '../model/model.service.ts';
import { PredictionIds } from '../prediction/prediction-id.ts';
import { AccuracyMetrics } from './accuracy-metrics.ts';
import { FeedbackMetrics } from './feedback-metrics.ts';
import { FeedbackService } from './feedback.service.ts';

const HOUR = 3_600_000;
const START = 1_800_000_000_000;
const key = 'a-key-of-the-right-size';

let now: number;
beforeEach(() => {
  register.clear();
  now = START;
});

/** A service that knows the labels of a manifest, with a clock that tests move. */
function aService(change: Partial<Manifest> = {}, env: Record<string, string> = {}) {
  const { manifest } = aBundleWithoutFiles({
    metrics: { accuracy: 0.9, test_pictures: 1_000 },
    abstain: { score: 'max-probability', threshold: 0.7 },
    ...change,
  });
  const served = { manifest };
  const model = {
    served,
    state: { name: 'ready', model: served },
    settled: Promise.resolve(),
  } as unknown as ModelService;
  const clock = { now: () => now, monotonic: () => now } as unknown as Clock;
  const metrics = new MetricFactory('catdog');
  const ids = new PredictionIds(key, [], () => now);
  const service = new FeedbackService(
    model,
    ids,
    new FeedbackMetrics(metrics),
    new AccuracyMetrics(metrics, model, clock),
    clock,
    parseConfig({ FEEDBACK_MAX_AGE_HOURS: '48', FEEDBACK_REMEMBERED: '1000', ...env }),
  );
  const predict = (label: string, { abstained = false, version = manifest.version, name = manifest.name } = {}) =>
    ids.issue({ label, confidence: 0.9, probabilities: {}, abstained }, { name, version });
  const give = (prediction_id: string, label: string) => service.take({ prediction_id, label });
  return { service, predict, give };
}

const noPause = (): Promise<void> => Promise.resolve();

const codeOf = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    if (error instanceof PawlError) return error.code;
    throw error;
  }
  return 'none';
};

/** The lines of one metric, without its name. */
async function linesOf(metric: string): Promise<string[]> {
  const text = await register.metrics();
  return (
    text
      .split('\n')
      // Series are there before anything is counted.
      .filter((line) => new RegExp(`^catdog_${metric}[ {]`).test(line) && !/_total\{.* 0$/.test(line))
      .map((line) => line.slice(`catdog_${metric}`.length))
      .sort()
  );
}
const valueOf = async (metric: string): Promise<number> => Number((await linesOf(metric))[0]?.split(' ').at(-1));

describe('feedback', () => {
  it('is counted by version, true label and whether the answer was correct', async () => {
    const { predict, give } = aService();
    expect(give(predict('cat'), 'cat')).toEqual({ result: 'counted', answered: 'cat', correct: true });
    expect(give(predict('cat'), 'dog')).toEqual({ result: 'counted', answered: 'cat', correct: false });
    give(predict('cat'), 'dog');
    give(predict('dog', { version: '1.0.0' }), 'dog');
    expect(await linesOf('feedback_total')).toEqual([
      '{version="1.0.0",label="dog",correct="true"} 1',
      '{version="1.2.3",label="cat",correct="true"} 1',
      '{version="1.2.3",label="dog",correct="false"} 2',
    ]);
  });

  it('has its series before it comes, so that the first batch is an increase', async () => {
    aService();
    await Promise.resolve();
    const text = await register.metrics();
    for (const label of ['cat', 'dog', 'neither'])
      for (const correct of ['true', 'false'])
        expect(text).toContain(`catdog_feedback_total{version="1.2.3",label="${label}",correct="${correct}"} 0\n`);
    expect(text).toContain('catdog_feedback_refused_total{reason="too_old"} 0\n');
  });

  it('takes an abstention for the answer "neither"', async () => {
    const { predict, give } = aService();
    expect(give(predict('cat', { abstained: true }), 'neither')).toMatchObject({ answered: 'neither', correct: true });
    expect(give(predict('cat', { abstained: true }), 'cat')).toMatchObject({ answered: 'neither', correct: false });
    expect(give(predict('cat'), 'neither')).toMatchObject({ answered: 'cat', correct: false });
    expect(await linesOf('feedback_total')).toEqual([
      '{version="1.2.3",label="cat",correct="false"} 1',
      '{version="1.2.3",label="neither",correct="false"} 1',
      '{version="1.2.3",label="neither",correct="true"} 1',
    ]);
  });

  it('is counted once', async () => {
    const { predict, give } = aService();
    const id = predict('cat');
    expect([give(id, 'dog'), give(id, 'dog')].map(({ result }) => result)).toEqual(['counted', 'duplicate']);
    expect(await linesOf('feedback_total')).toEqual(['{version="1.2.3",label="dog",correct="false"} 1']);
    expect(await valueOf('feedback_duplicate_total')).toBe(1);
  });

  it('keeps the first of two labels', async () => {
    const { predict, give } = aService();
    const id = predict('cat');
    give(id, 'cat');
    expect(() => give(id, 'dog')).toThrow(/the label "cat" already/);
    expect(codeOf(() => give(id, 'dog'))).toBe('FEEDBACK_CONFLICT');
    expect(give(id, 'cat').result).toBe('duplicate');
    expect(await linesOf('feedback_total')).toEqual(['{version="1.2.3",label="cat",correct="true"} 1']);
    expect(await linesOf('feedback_refused_total')).toEqual(['{reason="conflict"} 2']);
  });

  it.each<[string, unknown, string, string]>([
    ['no object', 'dog', 'REQUEST_INVALID', 'malformed'],
    ['null', null, 'REQUEST_INVALID', 'malformed'],
    ['no id', { label: 'dog' }, 'REQUEST_INVALID', 'malformed'],
    ['no label', { prediction_id: 'x' }, 'REQUEST_INVALID', 'malformed'],
    ['a number for a label', { prediction_id: 'x', label: 1 }, 'REQUEST_INVALID', 'malformed'],
    ['a misspelt field', { prediction_id: 'x', label: 'dog', labels: 'dog' }, 'REQUEST_INVALID', 'malformed'],
    ['garbage for an id', { prediction_id: 'x', label: 'dog' }, 'PREDICTION_ID_INVALID', 'id_invalid'],
    ['a label of another case', { prediction_id: 'x', label: 'Dog' }, 'FEEDBACK_LABEL_UNKNOWN', 'label_unknown'],
    [
      'a name that every object has',
      { prediction_id: 'x', label: 'constructor' },
      'FEEDBACK_LABEL_UNKNOWN',
      'label_unknown',
    ],
  ])('refuses %s', async (_, entry, code, reason) => {
    const { service } = aService();
    expect(codeOf(() => service.take(entry))).toBe(code);
    expect(await linesOf('feedback_refused_total')).toEqual([`{reason="${reason}"} 1`]);
    expect(await linesOf('feedback_total')).toEqual([]);
  });

  it('refuses ids that another key signed, and those of another model under the same key', async () => {
    const { give, predict } = aService();
    const forged = new PredictionIds('a-key-of-somebody-else', [], () => now).issue(
      { label: 'cat', confidence: 1, probabilities: {} },
      { name: 'catdog', version: '1.2.3' },
    );
    expect(codeOf(() => give(forged, 'cat'))).toBe('PREDICTION_ID_INVALID');
    const other = predict('cat', { name: 'birds' });
    expect(codeOf(() => give(other, 'cat'))).toBe('PREDICTION_ID_INVALID');
    expect(() => give(other, 'cat')).toThrow(/by the model "birds"; this service serves "catdog"/);
    expect(await linesOf('feedback_refused_total')).toEqual(['{reason="id_invalid"} 1', '{reason="other_model"} 2']);
  });

  it('names what is allowed, and not thousands of it', () => {
    const { give, predict } = aService();
    expect(() => give(predict('cat'), 'lynx')).toThrow(
      'The label "lynx" is none of the model\'s; expected "cat", "dog", "neither".',
    );
    register.clear();
    const labels = Array.from({ length: 1_000 }, (_, at) => `kind_${at}`);
    const many = aService({ labels });
    expect(() => many.give(many.predict('kind_0'), 'x'.repeat(10_000))).toThrow(
      /^.{0,500}"kind_18", "neither" and 981 others\.$/,
    );
  });

  it('makes no series of what clients invent', async () => {
    const { give, predict } = aService();
    for (let at = 0; at < 1_000; at++) codeOf(() => give(predict('cat'), `label_${at}`));
    expect(await linesOf('feedback_total')).toEqual([]);
    expect(await linesOf('feedback_refused_total')).toEqual(['{reason="label_unknown"} 1000']);
  });

  it('has 8 versions and 100 labels of its own at most, the served version among them', async () => {
    const labels = Array.from({ length: 300 }, (_, at) => `kind_${at}`);
    const { give, predict } = aService({ labels });
    for (let at = 0; at < 50; at++) give(predict('kind_0', { version: `0.${at}.0` }), 'kind_0');
    for (const label of [...labels, 'neither']) give(predict(label), label);
    const lines = await linesOf('feedback_total');
    const valuesOf = (name: string) => new Set(lines.map((line) => new RegExp(`${name}="([^"]*)"`).exec(line)?.[1]));
    expect([...valuesOf('version')]).toEqual(expect.arrayContaining(['1.2.3', '0.0.0', '0.6.0', 'other']));
    expect(valuesOf('version').size).toBe(9);
    expect([...valuesOf('label')]).toEqual(expect.arrayContaining(['kind_0', 'kind_99', 'neither', 'other']));
    expect(valuesOf('label').size).toBe(102);
    expect(lines).toContain('{version="other",label="kind_0",correct="true"} 43');
    expect(lines).toContain('{version="1.2.3",label="other",correct="true"} 200');
  });

  it('may come late, and not too late', async () => {
    const { give, predict } = aService();
    const [early, late] = [predict('cat'), predict('cat')];
    now += 47.5 * HOUR;
    give(early, 'cat');
    now += HOUR;
    expect(codeOf(() => give(late, 'cat'))).toBe('FEEDBACK_TOO_OLD');
    expect(() => give(late, 'cat')).toThrow('The prediction is 48 hours old; at most 48 are taken.');
    expect(await valueOf('feedback_delay_seconds_sum')).toBe(47.5 * 3_600);
    expect(await linesOf('feedback_delay_seconds_bucket')).toEqual(
      expect.arrayContaining(['{le="86400"} 0', '{le="259200"} 1']),
    );
  });

  it('has no negative delay where clocks differ or go back, and none from a future that is far', async () => {
    const { give, predict } = aService();
    const ids = [predict('cat'), predict('cat')] as const;
    now -= 4 * 60_000;
    expect(give(ids[0], 'cat').result).toBe('counted');
    now -= 2 * 60_000;
    expect(codeOf(() => give(ids[1], 'cat'))).toBe('PREDICTION_ID_FROM_FUTURE');
    expect(await valueOf('feedback_delay_seconds_sum')).toBe(0);
    expect(await valueOf('feedback_delay_seconds_count')).toBe(1);
    now += 6 * 60_000;
    expect(give(ids[1], 'cat').result).toBe('counted');
  });

  it('does not let one bad entry fail others', async () => {
    const { service, predict } = aService();
    const results = await service.takeAll(
      [
        { prediction_id: predict('cat'), label: 'cat' },
        { prediction_id: 'x', label: 'cat' },
        7,
        { prediction_id: predict('dog'), label: 'dog' },
      ],
      noPause,
    );
    expect(results.map((each) => (each instanceof PawlError ? each.code : each.result))).toEqual([
      'counted',
      'PREDICTION_ID_INVALID',
      'REQUEST_INVALID',
      'counted',
    ]);
  });

  it('pauses between the entries of a long batch', async () => {
    const { service } = aService();
    let pauses = 0;
    const pause = (): Promise<void> => {
      pauses += 1;
      return Promise.resolve();
    };
    await service.takeAll(
      Array.from({ length: 1_000 }, () => ({})),
      pause,
    );
    expect(pauses).toBeGreaterThanOrEqual(15);
  });
});

describe('the accuracy by feedback', () => {
  it('is compared with that at release, which is known before any feedback', async () => {
    aService();
    expect(await linesOf('accuracy_at_release')).toEqual(['{version="1.2.3"} 0.9']);
    expect(await valueOf('accuracy_change_lower_bound')).toBeLessThan(-0.9);
    expect(await valueOf('accuracy_change_upper_bound')).toBeGreaterThan(0.1);
  });

  it('is bounded on both sides: an accuracy of 0.9 is not ruled out, and one of 0.6 is found', async () => {
    const { predict, give } = aService();
    for (let at = 0; at < 1_000; at++) give(predict(at % 10 === 0 ? 'dog' : 'cat'), 'cat');
    expect(await valueOf('accuracy_change_lower_bound')).toBeLessThan(0);
    expect(await valueOf('accuracy_change_lower_bound')).toBeGreaterThan(-0.1);
    expect(await valueOf('accuracy_change_upper_bound')).toBeGreaterThan(0);
    now += HOUR;
    for (let at = 0; at < 1_000; at++) give(predict(at % 10 < 4 ? 'dog' : 'cat'), 'cat');
    expect(await valueOf('accuracy_change_upper_bound')).toBeLessThan(-0.15);
  });

  it('is that of the nearest label, of pictures of the labels, of the served version, like the figure at release', async () => {
    const { predict, give } = aService();
    const before = [await valueOf('accuracy_change_lower_bound'), await valueOf('accuracy_change_upper_bound')];
    for (let at = 0; at < 300; at++) {
      give(predict('cat'), 'neither');
      give(predict('cat', { version: '1.0.0' }), 'dog');
    }
    const after = [await valueOf('accuracy_change_lower_bound'), await valueOf('accuracy_change_upper_bound')];
    expect(after).toEqual(before);
    for (let at = 0; at < 300; at++) give(predict('cat', { abstained: true }), 'cat');
    expect(await valueOf('accuracy_change_lower_bound')).toBeGreaterThan(-0.1);
  });

  it('has no bounds where the manifest has no accuracy', async () => {
    aService({ metrics: {} });
    for (const metric of ['accuracy_at_release', 'accuracy_change_lower_bound', 'accuracy_change_upper_bound'])
      expect(await linesOf(metric)).toEqual([]);
  });
});
