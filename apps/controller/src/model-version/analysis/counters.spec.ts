import { counted } from '../test/builders.ts';
import { noCounters, readCounters, since } from './counters.ts';

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
`;

describe('reading a pod', () => {
  it('takes predictions only, not probes', () => {
    expect(readCounters(page, 'catdog')).toEqual({
      requests: 100,
      errors: 4,
      latency: [1, 0, 60, 0, 0, 0, 0, 94],
      labels: { cat: 50, dog: 41 },
    });
  });

  it('ignores the metrics of another model', () => {
    expect(readCounters(page, 'birds')).toEqual(noCounters);
  });
});

describe('what was counted since a step began', () => {
  it('is the difference, over all pods', () => {
    const then = { a: counted(100), b: counted(10) };
    const now = { a: counted(130), b: counted(20) };
    expect(since(now, then)).toMatchObject({ requests: 40, labels: { cat: 20, dog: 20 } });
  });

  it('counts a pod that came later from its beginning', () => {
    expect(since({ a: counted(30) }, {}).requests).toBe(30);
  });

  it('counts a process that restarted from its beginning', () => {
    expect(since({ a: counted(5) }, { a: counted(100) }).requests).toBe(5);
  });

  it('forgets a pod that is gone', () => {
    expect(since({}, { a: counted(100) })).toEqual(noCounters);
  });
});
