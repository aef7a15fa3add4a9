import { readCounters } from '../../../apps/controller/src/model-version/analysis/counters.ts';
import { ensure, textSeeds, type FuzzTarget } from '../engine/target.ts';

const metrics = `# HELP catdog_request_total Requests.
# TYPE catdog_request_total counter
catdog_request_total{endpoint="/predict",status="200"} 120
catdog_request_total{endpoint="/predict",status="500"} 2
catdog_request_latency_seconds_bucket{le="0.05",endpoint="/predict"} 80
catdog_request_latency_seconds_bucket{le="+Inf",endpoint="/predict"} 122
catdog_prediction_label_total{label="cat"} 70
catdog_prediction_label_total{label="dog"} 50
process_start_time_seconds 1764444444.5
`;

/** `/metrics` of a pod, by whatever runs in it: what is kept of it fits into an annotation and can be added up. */
export const target: FuzzTarget = {
  kind: 'text',
  codes: [],
  iterations: 1500,
  words: [
    '{',
    '}',
    '"',
    '\\"',
    '\\',
    'NaN',
    '+Inf',
    '1e308',
    '-1',
    '__proto__',
    'label="__proto__"',
    'catdog_prediction_label_total{label="',
    '\u001b[31m',
    '9007199254740993',
    '\n',
  ],
  seeds: () => Promise.resolve(textSeeds(metrics)),
  run: (input) => {
    const { startedAt, requests, errors, latency, labels } = readCounters(
      Buffer.from(input).toString('utf8'),
      'catdog',
    );
    const counts = [startedAt, requests, errors, ...latency, ...Object.values(labels)];
    ensure(
      counts.every((count) => Number.isFinite(count) && count >= 0),
      'every count is a number from 0 on',
    );
    ensure(errors <= requests, 'no more errors than requests');
    ensure(
      Object.keys(labels).every((label) => label.length <= 63 && !/[\p{Cc}\p{Cf}]/u.test(label)),
      'labels are short and harmless',
    );
  },
};
