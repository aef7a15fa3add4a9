import { quantileOf } from './histogram.ts';

const latencies = new Map([
  ['0.1', 60],
  ['+Inf', 100],
  ['0.05', 20],
  ['0.5', 90],
]);

it.each([
  ['at the edge of a bucket', 0.2, { value: 0.05, beyond: false }],
  ['within one, as if evenly spread', 0.4, { value: 0.075, beyond: false }],
  ['within the first, from 0 on', 0.1, { value: 0.025, beyond: false }],
  ['in a late one', 0.75, { value: 0.3, beyond: false }],
  ['beyond the last edge', 0.95, { value: 0.5, beyond: true }],
])('a quantile %s', (_, share, expected) => {
  const found = quantileOf(latencies, share);
  expect(found?.beyond).toBe(expected.beyond);
  expect(found?.value).toBeCloseTo(expected.value, 12);
});

it('has none of nothing', () => {
  expect([quantileOf(new Map(), 0.5), quantileOf(new Map([['+Inf', 0]]), 0.5)]).toEqual([undefined, undefined]);
  expect(quantileOf(new Map([['+Inf', 3]]), 0.5)).toBeUndefined();
});
