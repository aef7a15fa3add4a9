/* eslint-disable @typescript-eslint/no-unsafe-return --
   Rendered objects are of many kinds; a field that is not there shows as a failed expectation. */
import { environmentOf, type KubeObject, type Rendered } from './helm.ts';
import type { ValueCase } from './value-case.ts';

const toS3 = { predictionLog: { to: 's3://logs/catdog' } };
const traced = { traces: { endpoint: 'http://collector.observability:4318' } };
const walled = { networkPolicy: { enabled: true } };

const variable =
  (name: string) =>
  ({ inference }: Rendered): unknown =>
    environmentOf(inference)[name];
/** Ports of the service's egress rules, in order. */
const portsOf = (r: Rendered): unknown =>
  (r.find('NetworkPolicy', 'inference').spec.egress as KubeObject[]).map(({ ports }) =>
    (ports as KubeObject[]).map(({ port }) => port as number),
  );

/** Values of the prediction log and of traces. */
export const observationCases: Readonly<Record<string, ValueCase>> = {
  'predictionLog.to': {
    given: { trustedCertificates: { configMap: 'company' }, proxy: { httpsProxy: 'http://proxy.example:3128' } },
    value: 's3://logs/catdog',
    at: (r) => [
      ...['PREDICTION_LOG', 'NODE_EXTRA_CA_CERTS', 'HTTPS_PROXY'].map((name) => variable(name)(r)),
      (r.inference.volumeMounts as KubeObject[]).at(-1)?.mountPath,
    ],
    expected: ['s3://logs/catdog', '/etc/pawl/ca/ca.crt', 'http://proxy.example:3128', '/etc/pawl/ca'],
  },
  'predictionLog.s3Endpoint': {
    given: { ...toS3, ...walled },
    value: 'http://minio.storage:9000',
    at: (r) => [variable('PREDICTION_LOG_S3_ENDPOINT')(r), portsOf(r)],
    expected: ['http://minio.storage:9000', [[53, 53], [443, 6443], [9000]]],
  },
  'predictionLog.envSecret': {
    given: { ...toS3, envFrom: [{ configMapRef: { name: 'mine' } }] },
    value: 'log-writer',
    at: (r) => r.inference.envFrom,
    expected: [{ secretRef: { name: 'log-writer' } }, { configMapRef: { name: 'mine' } }],
  },
  'predictionLog.objectSeconds': {
    given: toS3,
    value: 300,
    at: variable('PREDICTION_LOG_OBJECT_SECONDS'),
    expected: '300',
  },
  'predictionLog.objectBytes': {
    given: toS3,
    value: 1_000_000,
    at: variable('PREDICTION_LOG_OBJECT_BYTES'),
    expected: '1000000',
  },
  'predictionLog.queueBytes': {
    given: toS3,
    value: 67_108_864,
    at: variable('PREDICTION_LOG_QUEUE_BYTES'),
    expected: '67108864',
  },
  'predictionLog.topLabels': { given: toS3, value: 0, at: variable('PREDICTION_LOG_TOP_LABELS'), expected: '0' },

  'traces.endpoint': {
    given: walled,
    value: 'https://collector.example',
    at: (r) => [variable('OTEL_EXPORTER_OTLP_ENDPOINT')(r), portsOf(r)],
    expected: ['https://collector.example', [[53, 53], [443, 6443], [443]]],
  },
  'traces.ratio': { given: traced, value: 0.05, at: variable('OTEL_TRACES_SAMPLER_ARG'), expected: '0.05' },
  'traces.serviceName': { given: traced, value: 'pets', at: variable('OTEL_SERVICE_NAME'), expected: 'pets' },
  'traces.envSecret': {
    given: traced,
    value: 'collector-token',
    at: (r) => r.inference.envFrom,
    expected: [{ secretRef: { name: 'collector-token' } }],
  },
};
