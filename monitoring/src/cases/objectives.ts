import type { AlertCase } from './alert-case.ts';

/** Counts of requests, so many of each status a sample. */
const requests = (good: string, failed: string) => ({
  'request_total{endpoint="/predict",status="200"}': good,
  'request_total{endpoint="/predict",status="503"}': failed,
});

/** Counts of predictions, and of those within half a second. */
const latencies = (all: string, inTime: string) => ({
  'request_latency_seconds_count{endpoint="/predict"}': all,
  'request_latency_seconds_bucket{endpoint="/predict",le="0.5"}': inTime,
});

/** Histories around the objectives: 99.9 % do not fail, 99 % come within half a second. */
export const objectiveCases: readonly AlertCase[] = [
  {
    alert: 'PawlErrorBudgetBurnsFast',
    title: '2 % fail for an hour',
    fires: true,
    service: requests('0+588x70', '0+12x70'),
    at: '70m',
  },
  {
    alert: 'PawlErrorBudgetBurnsFast',
    title: '1 % fail for six hours',
    fires: true,
    service: requests('0+2970x80', '0+30x80'),
    at: '380m',
    pace: 'days',
  },
  {
    alert: 'PawlErrorBudgetBurnsFast',
    title: '0.5 % fail',
    fires: false,
    service: requests('0+2985x80', '0+15x80'),
    at: '380m',
    pace: 'days',
  },
  {
    alert: 'PawlErrorBudgetBurnsFast',
    title: 'a tenth failed until half an hour ago',
    fires: false,
    service: requests('0+540x80', '0+60x40 2400x40'),
    at: '75m',
  },
  {
    alert: 'PawlErrorBudgetBurnsFast',
    title: 'four of few requests fail',
    fires: false,
    service: requests('0+1x70', '0x10 1 2 3 4x57'),
    at: '16m',
  },
  {
    alert: 'PawlErrorBudgetBurnsFast',
    title: 'probes fail, and no prediction',
    fires: false,
    service: { ...requests('0+600x70', '0x70'), 'request_total{endpoint="/readyz",status="503"}': '0+60x70' },
    at: '70m',
  },
  {
    alert: 'PawlErrorBudgetBurnsSlowly',
    title: '0.4 % fail for a day',
    fires: true,
    service: requests('0+2988x320', '0+12x320'),
    at: '26h',
    pace: 'days',
  },
  {
    alert: 'PawlErrorBudgetBurnsSlowly',
    title: '0.2 % fail for three days',
    fires: true,
    service: requests('0+2994x900', '0+6x900'),
    at: '74h',
    pace: 'days',
  },
  {
    alert: 'PawlErrorBudgetBurnsSlowly',
    title: '0.05 % fail for three days',
    fires: false,
    service: requests('0+3998x900', '0+2x900'),
    at: '74h',
    pace: 'days',
  },
  {
    alert: 'PawlLatencyBudgetBurnsFast',
    title: 'a fifth is slow for an hour',
    fires: true,
    service: latencies('0+600x70', '0+480x70'),
    at: '70m',
  },
  {
    alert: 'PawlLatencyBudgetBurnsFast',
    title: 'a twentieth is slow',
    fires: false,
    service: latencies('0+3000x80', '0+2850x80'),
    at: '380m',
    pace: 'days',
  },
  {
    alert: 'PawlLatencyBudgetBurnsSlowly',
    title: '4 % are slow for a day',
    fires: true,
    service: latencies('0+3000x320', '0+2880x320'),
    at: '26h',
    pace: 'days',
  },
  {
    alert: 'PawlLatencyBudgetBurnsSlowly',
    title: '0.5 % are slow for three days',
    fires: false,
    service: latencies('0+3000x900', '0+2985x900'),
    at: '74h',
    pace: 'days',
  },
];
