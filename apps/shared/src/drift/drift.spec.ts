import { referenceSchema, type Reference } from '../bundle/reference.ts';
import { createRandom } from '../statistics/random.ts';
import { buildReference } from './build-reference.ts';
import { ALARM_EVIDENCE, DriftDetector, START_EVERY_MS, STARTS } from './drift-detector.ts';
import { observationOf, type Observation, type ObservedPicture } from './observation.ts';
import { projectFeatures } from './project-features.ts';
import { MAX_LABEL_BINS, watchedStatistics } from './watched-statistic.ts';

const picture: ObservedPicture = {
  statistics: { brightness: 100, sharpness: 7 },
  projections: [0.5, -1],
  width: 400,
  height: 200,
  bytes: 16_000,
  label: 'cat',
  confidence: 0.9,
  known: 2,
};

describe('what is known of a picture', () => {
  it('has the names of the reference', () => {
    expect(observationOf(picture)).toEqual({
      label: 'cat',
      numbers: {
        brightness: 100,
        sharpness: 7,
        width: 400,
        height: 200,
        aspect: 2,
        bytes: 16_000,
        bytes_per_pixel: 0.2,
        confidence: 0.9,
        known: 2,
        projection_0: 0.5,
        projection_1: -1,
      },
    });
  });
});

describe('projections of features', () => {
  const features = Float32Array.from({ length: 1000 }, (_, i) => Math.sin(i));

  // As another program computes them.
  it('are the same on every machine and in every version', () => {
    const [first = 0, second = 0] = projectFeatures(features, 2);
    expect(first).toBeCloseTo(0.428299, 5);
    expect(second).toBeCloseTo(0.41274, 5);
  });

  it('differ from each other, keep lengths on average, and are none where none are asked for', () => {
    const many = projectFeatures(features, 16);
    expect(new Set(many).size).toBe(16);
    const meanSquare = many.reduce((sum, value) => sum + value * value, 0) / 16;
    // Of sin: 1/2.
    expect(Math.abs(meanSquare - 0.5)).toBeLessThan(0.4);
    expect(projectFeatures(features, 0)).toEqual([]);
    expect(projectFeatures(new Float32Array(0), 1)).toEqual([0]);
  });
});

/** A reference of pictures whose brightness is uniform in 0..1 and whose labels are cat and dog in equal parts. */
function uniformReference(pictures = 1000): Reference {
  return buildReference({
    inputs: Array.from({ length: pictures }, (_, i) => ({ brightness: i / pictures, aspect: undefined })),
    labels: ['cat', 'dog'],
    answers: Array.from({ length: pictures }, (_, i) => ({
      label: i % 2 === 0 ? 'cat' : 'dog',
      confidence: 0.5 + i / pictures / 2,
    })),
  });
}

describe('a reference that is built', () => {
  it('follows its schema, and leaves out what not every picture has', () => {
    const reference = uniformReference();
    expect(referenceSchema.parse(reference)).toEqual(reference);
    expect(Object.keys(reference.inputs)).toEqual(['brightness']);
    expect(Object.keys(reference.answers.scores ?? {})).toEqual(['confidence']);
  });

  it('puts a picture of the reference where it was counted, also one that lies on an edge', () => {
    const aspects = Array.from({ length: 300 }, (_, i) => [500 / 374, 4 / 3, 2 / 3][i % 3] ?? 1);
    const built = buildReference({
      inputs: aspects.map((aspect) => ({ aspect })),
      labels: ['cat'],
      answers: aspects.map(() => ({ label: 'cat', confidence: 1 })),
    });
    const [watched] = watchedStatistics(built);
    const counts = new Array<number>(watched?.bins.length ?? 0).fill(0);
    for (const aspect of aspects) {
      const bin = watched?.binOf({ label: 'cat', numbers: { aspect } });
      if (bin !== undefined) counts[bin] = (counts[bin] ?? 0) + 1;
    }
    expect(counts).toEqual(watched?.reference);
  });

  it('holds what the model knows where every answer says it', () => {
    const answers = [-1, 0, 3].map((known) => ({ label: 'cat', confidence: 1, known }));
    const built = buildReference({ inputs: [{}], labels: ['cat'], answers });
    expect(built.answers.scores?.['known']).toMatchObject({ edges: [-1, 0, 3], counts: [0, 1, 1, 1] });
  });
});

describe('what a reference allows to watch', () => {
  it('is every number with its deciles, and the labels', () => {
    const watched = watchedStatistics(uniformReference());
    expect(watched.map(({ name, bins }) => [name, bins.length])).toEqual([
      ['brightness', 10],
      ['confidence', 10],
      ['label', 2],
    ]);
    const [brightness, , label] = watched;
    const of = (value: number | undefined): Observation => ({ label: 'dog', numbers: { brightness: value } });
    expect([0, 0.05, 0.15, 0.95, 7].map((value) => brightness?.binOf(of(value)))).toEqual([0, 0, 1, 9, 9]);
    expect([brightness?.binOf(of(NaN)), brightness?.binOf(of(undefined))]).toEqual([undefined, undefined]);
    expect([label?.binOf(of(0)), label?.binOf({ label: 'owl', numbers: {} })]).toEqual([1, undefined]);
  });

  it('has a bounded number of bins, whatever the number of labels', () => {
    const labels = Array.from({ length: 1000 }, (_, i) => `label-${i}`);
    const answers = labels.flatMap((label, i) =>
      Array.from({ length: i < 5 ? 20 : 1 }, () => ({ label, confidence: 1 })),
    );
    const watched = watchedStatistics(buildReference({ inputs: [{}], labels, answers }));
    const label = watched.find(({ name }) => name === 'label');
    expect(label?.bins.length).toBe(MAX_LABEL_BINS);
    expect(label?.bins.at(-1)).toBe('other');
    expect(label?.binOf({ label: 'label-999', numbers: {} })).toBe(MAX_LABEL_BINS - 1);
    expect(label?.reference.reduce((sum, count) => sum + count, 0)).toBe(answers.length);
  });

  it('leaves out what too few pictures tell of', () => {
    expect(watchedStatistics(uniformReference(49))).toEqual([]);
  });
});

describe('the detector of drift', () => {
  const watched = watchedStatistics(uniformReference());
  const alarm = Math.log(ALARM_EVIDENCE);
  /** A detector with a clock of its own, and pictures from a mix of brightness. */
  function detector(seed: number) {
    const random = createRandom(seed);
    const clock = { now: 0 };
    const drift = new DriftDetector(watched, () => clock.now);
    const observe = (brightness: number, label = random.next() < 0.5 ? 'cat' : 'dog') => {
      const observation = { label, numbers: { brightness, confidence: 0.5 + random.next() / 2 } };
      drift.observe(watched.map((statistic) => statistic.binOf(observation)));
    };
    return { drift, clock, random, observe };
  }

  it('stays quiet over pictures like those of the reference', () => {
    const { drift, clock, random, observe } = detector(1);
    for (let hour = 0; hour < 48; hour++) {
      for (let picture = 0; picture < 200; picture++) observe(random.next());
      clock.now += START_EVERY_MS;
      expect(drift.evidence().all).toBeLessThan(alarm);
    }
  });

  it('finds a change after a long calm as soon as after a short one, and says what changed', () => {
    const afterCalm = (hours: number) => {
      const { drift, clock, random, observe } = detector(2);
      for (let hour = 0; hour < hours; hour++) {
        for (let picture = 0; picture < 500; picture++) observe(random.next());
        clock.now += START_EVERY_MS;
      }
      for (let pictures = 1; pictures <= 500; pictures++) {
        observe(random.next() / 10);
        const { all, byStatistic } = drift.evidence();
        if (all < alarm) continue;
        const [[blamed] = ['']] = [...byStatistic].sort(([, a], [, b]) => b - a);
        expect(blamed).toBe('brightness');
        return pictures;
      }
      return Infinity;
    };
    const [short, long] = [afterCalm(1), afterCalm(60)];
    expect(short).toBeLessThan(60);
    expect(long).toBeLessThan(60);
  });

  it('finds that labels come in another mix', () => {
    const { drift, random, observe } = detector(3);
    for (let picture = 0; picture < 400; picture++) observe(random.next(), random.next() < 0.9 ? 'cat' : 'dog');
    const { all, byStatistic } = drift.evidence();
    expect(all).toBeGreaterThan(alarm);
    expect(byStatistic.get('label')).toBeGreaterThan(byStatistic.get('brightness') ?? 0);
  });

  it('forgets what is older than its starts', () => {
    const { drift, clock, observe } = detector(4);
    for (let picture = 0; picture < 100; picture++) observe(0);
    expect(drift.evidence().all).toBeGreaterThan(alarm);
    clock.now += (STARTS - 1) * START_EVERY_MS;
    expect(drift.evidence().all).toBeGreaterThan(alarm);
    clock.now += START_EVERY_MS;
    // Each start without a picture is evidence of 1.
    expect(drift.evidence().all).toBeCloseTo(Math.log(STARTS), 9);
  });

  it('is not confused by a picture without a statistic, nor by a clock that jumps a year', () => {
    const { drift, clock, observe } = detector(5);
    drift.observe([undefined, 3, 99]);
    clock.now += 365 * 24 * START_EVERY_MS;
    observe(0.5);
    expect(drift.evidence().byStatistic.size).toBe(3);
  });

  it('has no evidence where nothing is watched', () => {
    const drift = new DriftDetector([], () => 0);
    drift.observe([]);
    expect(drift.evidence()).toEqual({ all: -Infinity, byStatistic: new Map() });
  });
});
