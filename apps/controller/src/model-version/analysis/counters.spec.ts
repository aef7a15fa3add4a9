import { noCounters, readCounters } from './counters.ts';

const page = `# HELP catdog_request_total Requests answered.
# TYPE catdog_request_total counter
catdog_request_total{endpoint="/predict",status="200"} 90
catdog_request_total{endpoint="/predict",status="503"} 4
catdog_request_total{endpoint="/predict/batch",status="200"} 6
catdog_request_total{endpoint="/readyz",status="503"} 1000
catdog_request_latency_seconds_bucket{le="0.01",endpoint="/predict"} 1
catdog_request_latency_seconds_bucket{le="0.05",endpoint="/predict"} 60
catdog_request_latency_seconds_bucket{le="+Inf",endpoint="/predict"} 94
catdog_request_latency_seconds_bucket{le="0.05",endpoint="/metrics"} 7
catdog_prediction_label_total{label="cat"} 50
catdog_prediction_label_total{label="dog"} 41
process_resident_memory_bytes 1000
process_start_time_seconds 1767323045.5
`;

describe('reading a pod', () => {
  it('takes predictions only, not probes', () => {
    expect(readCounters(page, 'catdog')).toEqual({
      startedAt: 1767323045.5,
      requests: 100,
      errors: 4,
      latency: [1, 0, 60, 0, 0, 0, 0, 94],
      labels: { cat: 50, dog: 41 },
    });
  });

  it('takes a label that has the name of a property of every object', () => {
    const line = 'catdog_prediction_label_total{label="__proto__"} 3';
    expect(Object.entries(readCounters(line, 'catdog').labels)).toEqual([['__proto__', 3]]);
  });

  it.each<[string, string, Readonly<Record<string, number>>]>([
    ['as long as a status has room for', 'l'.repeat(100_000), { [`${'l'.repeat(62)}…`]: 3 }],
    ['without what moves the cursor of a terminal', 'a\u001b[2Jb', { 'a [2Jb': 3 }],
  ])('takes a label %s', (_title, label, labels) => {
    expect(readCounters(`catdog_prediction_label_total{label="${label}"} 3`, 'catdog').labels).toEqual(labels);
  });

  it.each(['-1', '1e308', 'NaN', '+Inf'])('takes no count of %s', (count) => {
    expect(readCounters(`catdog_prediction_label_total{label="cat"} ${count}`, 'catdog')).toEqual(noCounters);
  });

  it('takes pairs of a label with spaces between them', () => {
    const line = 'catdog_request_total{ endpoint="/predict" , status="500" } 3';
    expect(readCounters(line, 'catdog')).toMatchObject({ requests: 3, errors: 3 });
  });

  it('passes over a line that is no pairs of labels, however long it is', () => {
    expect(readCounters(`catdog_request_total{${'x'.repeat(1_000_000)}} 3`, 'catdog')).toEqual(noCounters);
  });

  it('ignores the metrics of another model', () => {
    expect(readCounters(page, 'birds')).toEqual({ ...noCounters, startedAt: 1767323045.5 });
  });
});
