import { readExpression } from './support/expression.ts';
import { type KnownMetrics, mayBeEmpty, namesInVain, type Quiet } from './support/known-metrics.ts';

const known: KnownMetrics = {
  series: [
    { __name__: 'm_request_total', endpoint: '/predict', status: '200', job: 'm-api' },
    { __name__: 'm_request_total', endpoint: '/predict', status: '429', job: 'm-api' },
    { __name__: 'm_latency_seconds_bucket', le: '0.5', endpoint: '/predict', job: 'm-api' },
  ],
  declared: new Set(['m_request_total', 'm_latency_seconds', 'm_feedback_total']),
};
const quiet: readonly Quiet[] = [
  { metric: 'm_request_total', label: 'status', because: 'nothing fails' },
  { metric: 'm_feedback_total', because: 'nobody gave any' },
];

describe('readExpression', () => {
  it('finds every selector, and what is grouped by', () => {
    const { selectors, groupedBy } = readExpression(
      'sum by (le, a) (rate(x_bucket{a="1",b!~"2|3"}[5m])) / scalar(sum(y offset 1h)) or {__name__=~".+_ready"}',
    );
    expect(selectors).toEqual([
      {
        metric: 'x_bucket',
        matchers: [
          { label: 'a', operator: '=', value: '1' },
          { label: 'b', operator: '!~', value: '2|3' },
        ],
      },
      { metric: 'y', matchers: [] },
      { metric: undefined, matchers: [{ label: '__name__', operator: '=~', value: '.+_ready' }] },
    ]);
    expect(groupedBy).toEqual(['le', 'a']);
  });

  it.each(['sum(', 'rate(x[5m]', 'x{a=}', 'sum by (a (x)', 'x[${__range}]'])('refuses %s', (text) => {
    expect(() => readExpression(text)).toThrow('no PromQL');
  });
});

describe('what an expression asks for in vain', () => {
  it.each<[string, string, readonly string[]]>([
    ['a metric that is there', 'sum(rate(m_request_total{status="429"}[5m]))', []],
    ['buckets', 'histogram_quantile(0.5, sum by (le) (rate(m_latency_seconds_bucket[5m])))', []],
    ['a pattern that fits', 'm_request_total{status=~"4.."}', []],
    ['a name that nobody has', 'm_requests_total', ['there is no metric m_requests_total']],
    ['one hidden behind "or"', 'sum(m_request_total) or sum(m_reqest_total)', ['there is no metric m_reqest_total']],
    [
      'a label that the metric has not',
      'm_request_total{code="200"}',
      ['m_request_total has no label code; it has __name__, endpoint, job, status'],
    ],
    [
      'a value that the label has not',
      'm_request_total{endpoint=~"/predict.+"}',
      ['m_request_total has no series with endpoint=~"/predict.+"; its values are /predict'],
    ],
    ['a value that is missing when all is well', 'm_request_total{status=~"5.."}', []],
    [
      'a pattern that fits only a part',
      'm_request_total{job="m"}',
      ['m_request_total has no series with job="m"; its values are m-api'],
    ],
    [
      'a grouping by what is not there',
      'sum by (endpint) (m_request_total)',
      ['no series has the label endpint to group by'],
    ],
    ['a metric without a series that may have none', 'sum by (label) (m_feedback_total)', []],
    ['its misspelt brother', 'm_feedbacks_total', ['there is no metric m_feedbacks_total']],
  ])('%s', (_title, expression, problems) => {
    expect(namesInVain(expression, known, quiet)).toEqual(problems);
  });

  it('tells a metric that was declared and never counted, unless it may be quiet', () => {
    expect(namesInVain('m_feedback_total', known, [])).toEqual(['m_feedback_total has no series']);
  });

  it.each<[string, boolean]>([
    ['m_request_total{status="200"}', false],
    ['m_request_total{status="500"}', true],
    ['m_feedback_total', true],
    ['m_request_total{endpoint="/other"} > 0', true],
  ])('%s may be empty: %s', (expression, expected) => {
    expect(mayBeEmpty(expression, known, quiet)).toBe(expected);
  });
});
