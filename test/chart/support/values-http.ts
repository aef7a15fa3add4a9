import { environmentOf } from './helm.ts';
import type { ValueCase } from './value-case.ts';

/** Values of what the service takes over HTTP: each is one variable of its container. */
const variables: Readonly<Record<string, readonly [value: unknown, variable: string, expected: string]>> = {
  'http.imageFormats': [['jpeg', 'png'], 'IMAGE_FORMATS', 'jpeg,png'],
  'http.topLabels': [5, 'TOP_LABELS', '5'],
  'http.corsOrigins': [
    ['https://a.example', 'https://b.example'],
    'CORS_ORIGINS',
    'https://a.example,https://b.example',
  ],
  'http.minUploadBytesPerSecond': [1_000_000_000, 'UPLOAD_MIN_BYTES_PER_SECOND', '1000000000'],
  'http.trustedProxies': [['10.0.0.0/8', '::1'], 'TRUSTED_PROXIES', '10.0.0.0/8,::1'],
  'http.client.maxConnections': [20, 'CLIENT_MAX_CONNECTIONS', '20'],
  'http.client.maxRequests': [1_000_000, 'CLIENT_MAX_REQUESTS', '1000000'],
  'http.client.maxBytesPerSecond': [2_000_000_000, 'CLIENT_MAX_BYTES_PER_SECOND', '2000000000'],
};

export const httpCases: Readonly<Record<string, ValueCase>> = Object.fromEntries(
  Object.entries(variables).map(([name, [value, variable, expected]]) => [
    name,
    { value, at: (r) => environmentOf(r.inference)[variable], expected },
  ]),
);
