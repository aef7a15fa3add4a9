import { periodBefore } from '../prometheus/period.ts';
import { performanceReport } from './performance-report.ts';
import { summarizeProduction, type ProductionCounters } from './summarize-production.ts';

const period = periodBefore(new Date('2026-11-30T12:00:00Z'), 240);
const rise = (target: string, labels: Record<string, string>, ...bySteps: number[]) => ({
  metric: '',
  target,
  labels,
  bySteps,
});

/** One process serves version 1 for two steps and version 2 for two, another version 2 for all four. */
const facts = {
  model: 'catdog',
  period,
  served: (target: string, step: number) => (target === 'a' && step < 2 ? old : young),
  models: [
    { version: '1', digest: 'sha256:1' },
    { version: '2', digest: 'sha256:2' },
  ],
  accuracyAtRelease: new Map([['2', 0.97]]),
  warnings: ['one store is away'],
};
const [old, young] = facts.models;

const counters: ProductionCounters = {
  requests: [
    rise('a', { status: '200' }, 10, 10, 10, 10),
    rise('a', { status: '503' }, 1, 0, 0, 0),
    rise('a', { status: '429' }, 0, 0, 2, 0),
    rise('b', { status: '200' }, 5, 5, 5, 5),
    rise('b', { status: '400' }, 0, 0, 0, 3),
    rise('b', { status: '504' }, 0, 0, 0, 0),
  ],
  latencyBuckets: [
    rise('a', { le: '0.1' }, 11, 10, 0, 0),
    rise('a', { le: '0.5' }, 11, 10, 12, 10),
    rise('a', { le: '+Inf' }, 11, 10, 12, 10),
  ],
  latencySum: [rise('a', {}, 0.5, 0.5, 4, 3.6)],
  latencyCount: [rise('a', {}, 11, 10, 12, 10)],
  labels: [rise('a', { label: 'cat' }, 6, 6, 6, 6), rise('a', { label: 'dog' }, 4, 4, 4, 4)],
  abstained: [rise('a', { label: 'dog' }, 0, 1, 1, 1)],
  confidenceSum: [rise('a', { label: 'cat' }, 5.4, 5.4, 4.8, 4.8), rise('a', { label: 'dog' }, 4, 4, 4, 4)],
  confidenceCount: [rise('a', { label: 'cat' }, 6, 6, 6, 6), rise('a', { label: 'dog' }, 4, 4, 4, 4)],
  refused: [rise('a', { code: 'IMAGE_TOO_LARGE' }, 0, 2, 0, 0)],
  feedback: [
    // What version 1 answered is corrected while version 2 serves.
    rise('b', { version: '1', label: 'cat', correct: 'true' }, 0, 0, 0, 8),
    rise('b', { version: '1', label: 'cat', correct: 'false' }, 0, 0, 0, 2),
    rise('b', { version: '2', label: 'neither', correct: 'false' }, 0, 0, 0, 1),
  ],
};

const report = summarizeProduction(counters, facts);

it('tells what was answered from what was refused, put off and failed', () => {
  expect(report).toMatchObject({
    since: '2026-11-30T11:56:00.000Z',
    until: '2026-11-30T12:00:00.000Z',
    total_requests: 66,
    answered: 60,
    refused: 3,
    throttled: 2,
    errors: 1,
    errors_by_code: { HTTP_400: 3, HTTP_429: 2, HTTP_503: 1 },
    refused_pictures: { IMAGE_TOO_LARGE: 2 },
    pictures: 40,
    abstained: 3,
    mean_confidence: 0.91,
    mean_latency_ms: 200,
  });
  expect(report.p95_latency_ms).toBeCloseTo(460.9, 1);
});

it('gives each version what its processes did while they served it, and the feedback on its answers', () => {
  expect(report.versions.map(({ version, total_requests, errors }) => [version, total_requests, errors])).toEqual([
    ['2', 45, 0],
    ['1', 21, 1],
  ]);
  expect(report.versions.map(({ mean_latency_ms, p95_latency_ms }) => [mean_latency_ms, p95_latency_ms])).toEqual([
    [345.5, 480],
    [47.6, 95],
  ]);
  expect(report.versions.map(({ measured, accuracy_at_release }) => [measured.accuracy, accuracy_at_release])).toEqual([
    [0, 0.97],
    [0.8, null],
  ]);
  // Clopper and Pearson's interval of 8 of 10.
  expect(report.versions[1]?.measured.interval).toEqual([0.4439, 0.9748]);
});

it('tells labels apart: as answered, and as they are true', () => {
  expect(report.by_label).toMatchObject({
    cat: { pictures: 24, mean_confidence: 0.85, abstained: 0, measured: { answered: 10, correct: 8 } },
    dog: { pictures: 16, mean_confidence: 1, abstained: 3, measured: { answered: 0, accuracy: null, interval: null } },
    neither: { pictures: 0, mean_confidence: null, measured: { answered: 1, correct: 0 } },
  });
});

it('has each step', () => {
  expect(
    report.timeline.map(({ requests, errors, feedback, correct }) => [requests, errors, feedback, correct]),
  ).toEqual([
    [16, 1, 0, 0],
    [15, 0, 0, 0],
    [17, 0, 0, 0],
    [18, 0, 11, 8],
  ]);
  expect(report.timeline.map(({ mean_confidence }) => mean_confidence)).toEqual([0.94, 0.94, 0.88, 0.88]);
});

it('stands under the names of a simulation where there is none', () => {
  const { production, ...saved } = performanceReport({ production: report }, 'http://localhost:9090');
  expect(production).toBe(report);
  expect(saved).toMatchObject({
    source: 'production',
    url: 'http://localhost:9090',
    seconds: 240,
    total_requests: 66,
    accuracy: 0.7273,
    accuracy_by_label: { cat: { answered: 10, correct: 8, accuracy: 0.8 } },
    model_version: '2',
    requests: [],
  });
});

it('says nothing of a model that nobody asked', () => {
  const empty = Object.fromEntries(Object.keys(counters).map((name) => [name, []])) as unknown as ProductionCounters;
  expect(summarizeProduction(empty, facts)).toMatchObject({
    total_requests: 0,
    mean_latency_ms: null,
    p95_latency_ms: null,
    mean_confidence: null,
    measured: { accuracy: null },
    versions: [],
    by_label: {},
  });
});
