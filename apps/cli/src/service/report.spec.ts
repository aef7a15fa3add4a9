import { themeFor } from '../terminal/theme.ts';
import { renderHeading, renderRecord, renderSummary } from './render.ts';
import { quantile, summarizeRequests, type RequestRecord } from './report.ts';

const facts = {
  started_at: '2026-01-02T03:04:05.000Z',
  seconds: 2,
  url: 'http://localhost:8000/',
  photos: 'photos',
  seed: 42,
  concurrency: 1,
};
const old = { model_version: '1.0.0', model_digest: `sha256:${'a'.repeat(64)}` };
const fresh = { model_version: '1.1.0', model_digest: `sha256:${'b'.repeat(64)}` };

/** An answer; `said` with a `?` abstained. */
function answer(index: number, truth: string, said: string, change: Partial<RequestRecord> = {}): RequestRecord {
  return {
    index,
    file: `${index}.jpg`,
    true_label: truth,
    predicted_label: said,
    confidence: 0.9,
    latency_ms: 10 * index,
    correct: truth === said,
    attempts: 1,
    ...old,
    ...change,
  };
}
const unanswered = (index: number, code: string): RequestRecord => ({
  index,
  file: `${index}.jpg`,
  true_label: 'cat',
  predicted_label: null,
  confidence: null,
  latency_ms: 9999,
  correct: false,
  attempts: 1,
  error: { code, status: null, message: 'because' },
});

describe('the report of a simulation', () => {
  const records = [
    answer(2, 'dog', 'dog', { confidence: 0.7 }),
    answer(1, 'cat', 'cat'),
    answer(3, 'cat', 'dog', fresh),
    answer(4, 'dog', 'dog', { attempts: 3 }),
    unanswered(5, 'TIMEOUT'),
    unanswered(6, 'TIMEOUT'),
  ];
  const report = summarizeRequests(facts, records);

  it('counts what was answered, by label', () => {
    expect(report).toMatchObject({
      total_requests: 6,
      answered: 4,
      correct: 3,
      accuracy: 0.75,
      accuracy_by_label: {
        cat: { answered: 2, correct: 1, accuracy: 0.5 },
        dog: { answered: 2, correct: 2, accuracy: 1 },
      },
      errors: 2,
      errors_by_code: { TIMEOUT: 2 },
      throttled: 2,
    });
  });

  it('takes means and quantiles over answers alone, not over requests that got none', () => {
    expect(report).toMatchObject({ mean_confidence: 0.85, mean_latency_ms: 25, p95_latency_ms: 40 });
  });

  it('has the requests in the order of sending', () => {
    expect(report.requests.map(({ index }) => index)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('tells two models apart that answer during a rollout', () => {
    expect(report).toMatchObject({
      ...old,
      models: [
        { version: '1.0.0', correct: 3 },
        { version: '1.1.0', correct: 0 },
      ],
    });
  });

  it('speaks of abstentions only where the model can abstain', () => {
    expect(report).not.toHaveProperty('abstained');
    const wary = [answer(1, 'cat', 'cat', { abstained: true }), answer(2, 'cat', 'cat', { abstained: false })];
    expect(summarizeRequests(facts, wary)).toMatchObject({ abstained: 1, correct: 2 });
  });

  it('has no figures, rather than wrong ones, when nothing was answered', () => {
    expect(summarizeRequests(facts, [unanswered(1, 'UNREACHABLE')])).toMatchObject({
      accuracy: null,
      mean_confidence: null,
      mean_latency_ms: null,
      p95_latency_ms: null,
      model_version: null,
      accuracy_by_label: { cat: { answered: 0, accuracy: null } },
    });
  });

  it.each([
    [[], 0.95, null],
    [[7], 0.95, 7],
    [Array.from({ length: 100 }, (_, i) => 100 - i), 0.95, 95],
    [[3, 1, 2], 0.5, 2],
  ])('quantile of %j at %d', (sample, at, expected) => {
    expect(quantile(sample, at)).toBe(expected);
  });

  it('looks as a person reads it', () => {
    const theme = themeFor({ write: () => true }, { LANG: 'C' });
    const layout = { total: 6, labelWidth: 4 };
    const lines = [
      renderHeading(layout, theme),
      ...report.requests.map((record) => renderRecord(record, layout, theme)),
    ];
    expect(`${[...lines, '', ...renderSummary(report, theme)].join('\n')}\n`).toBe(
      `  #  TRUE  SAID  CONFIDENCE   LATENCY  VERDICT
1/6  cat   cat       90.0 %     10 ms  right
2/6  dog   dog       70.0 %     20 ms  right
3/6  cat   dog       90.0 %     30 ms  WRONG  3.jpg
4/6  dog   dog       90.0 %     40 ms  right  sent 3 times
5/6  cat   -              -   9999 ms  error  TIMEOUT: because, 5.jpg
6/6  cat   -              -   9999 ms  error  TIMEOUT: because, 6.jpg

accuracy         75.0 %   3 of 4 right
cat              50.0 %   1 of 2 right
dog              100.0 %  2 of 2 right
mean confidence  85.0 %
latency, mean    25 ms
latency, p95     40 ms
model            1.0.0    sha256:aaaaaaaaaaaa, 3 answers, 100.0 %
                 1.1.0    sha256:bbbbbbbbbbbb, 1 answer, 0.0 %
waited           2        times, because the service asked for it
no answer        2        of 6: 2 TIMEOUT
`,
    );
  });

  it('lets no answer of a stranger move the cursor', () => {
    const theme = themeFor({ write: () => true }, { LANG: 'C' });
    const record = answer(1, 'cat', 'dog\u001b[2J', { file: 'a\nb.jpg' });
    expect(renderRecord(record, { total: 1, labelWidth: 4 }, theme)).toMatch(/^1\/1 {2}cat {3}dog .* a b\.jpg$/);
  });
});
