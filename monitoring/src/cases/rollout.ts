import type { AlertCase } from './alert-case.ts';

const condition = (name: string) => `version_conditions{model_namespace="zoo",condition="${name}"}`;
const requests = (code: string) => `api_request_duration_seconds_count{verb="list",code="${code}"}`;

/** Histories of versions, and of the controller itself. */
export const rolloutCases: readonly AlertCase[] = [
  {
    alert: 'PawlVersionFailed',
    title: 'a version failed ten minutes ago',
    fires: true,
    controller: { 'last_verdict_timestamp_seconds{model_namespace="zoo",outcome="Failed"}': '600x100' },
    at: '20m',
  },
  {
    alert: 'PawlVersionFailed',
    title: 'a version failed two hours ago, and another passed',
    fires: false,
    controller: {
      'last_verdict_timestamp_seconds{model_namespace="zoo",outcome="Failed"}': '600x140',
      'last_verdict_timestamp_seconds{model_namespace="zoo",outcome="Passed"}': '7000x140',
    },
    at: '130m',
  },
  {
    alert: 'PawlVersionStuck',
    title: 'a version has been on its way for more than six hours',
    fires: true,
    controller: { 'rollout_seconds{model_namespace="zoo"}': '21660+60x10' },
    at: '6m',
  },
  {
    alert: 'PawlVersionStuck',
    title: 'a version has been on its way for less than six hours',
    fires: false,
    controller: { 'rollout_seconds{model_namespace="zoo"}': '20000+60x20' },
    at: '20m',
  },
  ...['Stalled', 'Degraded', 'Refused'].flatMap((name): readonly AlertCase[] => [
    {
      alert: `PawlVersion${name}`,
      title: `a version is ${name} for a quarter of an hour`,
      fires: true,
      controller: { [condition(name)]: '1x20' },
      at: '16m',
    },
    {
      alert: `PawlVersion${name}`,
      title: `a version has been ${name} for ten minutes`,
      fires: false,
      controller: { [condition(name)]: '1x20' },
      at: '10m',
    },
    {
      alert: `PawlVersion${name}`,
      title: `no version is ${name}`,
      fires: false,
      controller: { [condition(name)]: '0x20' },
      at: '16m',
    },
  ]),
  {
    alert: 'PawlControllerMissing',
    title: 'the controller does not answer',
    fires: true,
    controller: { 'up{pod="0"}': '0x20' },
    at: '11m',
  },
  {
    alert: 'PawlControllerMissing',
    title: 'one of two controllers answers',
    fires: false,
    controller: { 'up{pod="0"}': '0x20', 'up{pod="1"}': '1x20' },
    at: '11m',
  },
  {
    alert: 'PawlControllerNoLeader',
    title: 'two controllers stand by',
    fires: true,
    controller: { 'leader{pod="0"}': '0x10', 'leader{pod="1"}': '0x10' },
    at: '6m',
  },
  {
    alert: 'PawlControllerNoLeader',
    title: 'one of two controllers leads',
    fires: false,
    controller: { 'leader{pod="0"}': '0x10', 'leader{pod="1"}': '1x10' },
    at: '6m',
  },
  {
    alert: 'PawlControllerQueueStuck',
    title: 'a model has waited for six minutes, and waits on',
    fires: true,
    controller: { queue_oldest_seconds: '360+60x10' },
    at: '6m',
  },
  {
    alert: 'PawlControllerQueueStuck',
    title: 'models wait for four minutes',
    fires: false,
    controller: { queue_oldest_seconds: '240x20' },
    at: '10m',
  },
  {
    alert: 'PawlControllerFailing',
    title: 'a reconcile fails every five minutes',
    fires: true,
    controller: { 'reconcile_errors_total{reason="timeout"}': '0x4 1x4 2x4 3x4 4x4 5x4 6x4 7x4 8x4 9x4' },
    at: '45m',
  },
  {
    alert: 'PawlControllerFailing',
    title: 'two reconciles failed',
    fires: false,
    controller: { 'reconcile_errors_total{reason="timeout"}': '0x10 1 2x40' },
    at: '30m',
  },
  {
    alert: 'PawlControllerApiErrors',
    title: 'a tenth of the requests fails',
    fires: true,
    controller: { [requests('200')]: '0+90x30', [requests('503')]: '0+4x30', [requests('unreachable')]: '0+6x30' },
    at: '25m',
  },
  {
    alert: 'PawlControllerApiErrors',
    title: '2 % fail, and others meet conflicts',
    fires: false,
    controller: { [requests('200')]: '0+88x30', [requests('503')]: '0+2x30', [requests('409')]: '0+10x30' },
    at: '25m',
  },
];
