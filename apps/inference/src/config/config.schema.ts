import { isIP } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseBundleUri } from '@pawl/shared/bundle/bundle-uri';
import { parseEnvironment } from '@pawl/shared/config/parse-environment';
import { listSchemes, schemes } from '@pawl/shared/bundle/stores/store-table';
import { imageFormats } from '@pawl/shared/preprocessing/image-format';
import { z } from 'zod';

const whole = (min: number, max: number) => z.coerce.number().int().min(min).max(max);
/** Words between commas. */
const words = z.string().transform((value) => value.split(/[\s,]+/).filter((word) => word !== ''));
/** An address, a network, or a name that Express has for private ones. */
function isNetwork(text: string): boolean {
  if (['loopback', 'linklocal', 'uniquelocal'].includes(text)) return true;
  const [address = '', prefix, ...more] = text.split('/');
  const bits = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1;
  const length = prefix === undefined ? 0 : /^\d{1,3}$/.test(prefix) ? Number(prefix) : Infinity;
  return more.length === 0 && length <= bits;
}

/** What a browser sends as Origin, or `*`. */
const isOrigin = (text: string): boolean => text === '*' || (URL.canParse(text) && new URL(text).origin === text);

/** A list of keys is separated by spaces and commas, so none of them has one. What an editor leaves at the end of a file is no part of it. */
const secretKey = z
  .string()
  .trim()
  .min(16, 'expected at least 16 characters')
  .regex(/^[^\s,]*$/, 'expected no spaces and no commas');

const flag = z.enum(['true', 'false']).transform((value) => value === 'true');

/** Whether the log of predictions can go there, as far as the address tells. */
function isLogAddress(address: string): boolean {
  if (address === 'stdout') return true;
  try {
    return ['file', 's3'].includes(parseBundleUri(address).kind);
  } catch {
    return false;
  }
}

/** `file:folder` as the absolute `file:///...` that stores take; other addresses as they are. */
function absoluteFile(uri: string): string {
  return /^file:(?!\/\/)/.test(uri) ? pathToFileURL(resolve(uri.slice('file:'.length))).href : uri;
}

/**
 * Every setting of the service: an environment variable, its default, its range and what it is for. The descriptions are
 * what the README's table and the start-up errors say.
 */
const environmentSchema = z.object({
  PORT: whole(0, 65_535).default(8000).describe('TCP port; 0 takes a free one'),
  HOST: z.string().min(1).default('0.0.0.0').describe('address to listen on'),
  BANNER: flag.default(false).describe("true prints the page's address and a curl line for people, to stderr"),
  LOG_LEVEL: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal'])
    .default('info')
    .describe('lowest level that is logged'),

  MODEL_NAME: z
    .string()
    .regex(/^[a-z][a-z0-9_]{0,62}$/, 'expected lower-case letters, digits and _')
    .optional()
    .describe(
      "name that the bundle must have, and prefix of the metrics; unset: the bundle's name, and no metrics of the model before it is there",
    ),
  MODEL_URI: z
    .string()
    .regex(new RegExp(`^(${schemes.join('|')}):`), `expected a ${listSchemes(':')} address`)
    .transform(absoluteFile)
    .optional()
    .describe(
      'address of the model bundle (file:folder is relative to the working directory); unset: the service runs without a model and /predict answers 503',
    ),
  MODEL_DIGEST: z
    .string()
    .regex(/^sha256:[0-9a-f]{64}$/, 'expected sha256:<64 hex digits>')
    .optional()
    .describe('digest that the bundle must have'),
  MODEL_PUBLIC_KEY_FILE: z
    .string()
    .min(1)
    .optional()
    .describe('PEM file with the ECDSA P-256 key that must have signed the bundle'),
  MODEL_CACHE_DIR: z.string().min(1).default(join(tmpdir(), 'pawl-models')).describe('folder for fetched bundles'),
  MODEL_MAX_BYTES: whole(1, 2 ** 40)
    .default(2 ** 30)
    .describe('largest bundle that is fetched, bytes'),
  MODEL_FETCH_TIMEOUT_MS: whole(100, 3_600_000).default(300_000).describe('time for one fetch of the bundle, ms'),
  REGISTRY_PLAIN_HTTP: flag.default(false).describe('speak plain HTTP to the registry of an oci: address'),
  S3_ENDPOINT: z.url().optional().describe('endpoint of an S3-compatible store, when it is not AWS'),

  WORKERS: z
    .union([z.literal('auto'), whole(1, 256)])
    .default('auto')
    .describe('worker threads; auto takes the CPU limit of the container'),
  WORKER_NICENESS: whole(0, 19).default(5).describe('how far workers give way to the main thread (Linux nice value)'),
  QUEUE_LIMIT: whole(0, 100_000).default(64).describe('images that may wait for a worker; more are answered with 429'),
  REQUEST_DEADLINE_MS: whole(10, 600_000).default(5_000).describe('time from upload to answer, ms'),

  IMAGE_MAX_BYTES: whole(1, 2 ** 30)
    .default(10 * 1024 * 1024)
    .describe('largest image file, bytes'),
  IMAGE_MAX_PIXELS: whole(1, 2 ** 31)
    .default(50_000_000)
    .describe('most pixels of an image, by its header'),
  IMAGE_FORMATS: words
    .pipe(z.array(z.enum(imageFormats)).min(1))
    .default([...imageFormats])
    .describe('formats that are taken, separated by commas; the others are refused before a decoder sees them'),
  IMAGE_TIMEOUT_MS: whole(10, 600_000).default(5_000).describe('time to decode one image, ms'),
  DECODE_MEMORY_BYTES: z
    .union([z.literal('auto'), whole(16_000_000, 2 ** 40)])
    .default('auto')
    .describe(
      'memory for decoding, all workers together, bytes; auto takes what the memory limit of the container leaves (docs/cost-model.md)',
    ),
  TOP_LABELS: whole(0, 100_000)
    .default(0)
    .describe('probabilities in an answer, the largest ones, unless the request says ?top=K; 0: all'),
  BATCH_MAX_IMAGES: whole(1, 1_000).default(16).describe('most images of one /predict/batch request'),
  UPLOAD_TIMEOUT_MS: whole(10, 600_000).default(30_000).describe('time for a request body to arrive, ms'),
  UPLOAD_MIN_BYTES_PER_SECOND: whole(0, 2 ** 30)
    .default(1_000)
    .describe('slowest upload, bytes a second over any 5 s; a slower one is ended with 408; 0: as slow as it likes'),
  CONNECTION_MAX_MS: whole(0, 86_400_000)
    .default(30_000)
    .describe('age of a connection after which its client is asked to open another one, ms; 0: never'),
  UPLOAD_MEMORY_BYTES: whole(1, 2 ** 40)
    .default(100_000_000)
    .describe(
      'memory that uploads may take at once, bytes; more are answered with 429; a fifth of it is for small ones',
    ),

  TRUSTED_PROXIES: words
    .refine((all) => all.every(isNetwork), 'expected addresses and networks such as 10.0.0.0/8, separated by commas')
    .default([])
    .describe('proxies whose X-Forwarded-For says who the client is; none: the client is who connects'),
  CLIENT_MAX_CONNECTIONS: whole(0, 1_000_000)
    .default(0)
    .describe('connections of one client at once; more are answered with 429; 0: any'),
  CLIENT_MAX_REQUESTS: whole(0, 1_000_000)
    .default(0)
    .describe('requests of one client at once; more are answered with 429; 0: any'),
  CLIENT_MAX_BYTES_PER_SECOND: whole(0, 2 ** 40)
    .default(0)
    .describe('bytes that one client may send a second, over 10 s; then it is answered with 429; 0: any'),
  CORS_ORIGINS: words
    .refine((all) => all.every(isOrigin), 'expected * or origins such as https://app.example, separated by commas')
    .default([])
    .describe('origins whose scripts may read answers, never with credentials; none: no CORS headers'),

  DRIFT: flag
    .default(true)
    .describe(
      'whether pictures and answers are compared with the reference statistics of the bundle, where it has them',
    ),

  PREDICTION_LOG: z
    .string()
    .transform(absoluteFile)
    .refine(isLogAddress, 'expected stdout, file:/folder or s3://bucket/prefix')
    .optional()
    .describe(
      'where a JSON line about every prediction goes: stdout, file:/folder or s3://bucket/prefix; unset: nowhere',
    ),
  PREDICTION_LOG_S3_ENDPOINT: z
    .url()
    .optional()
    .describe('endpoint of the S3-compatible store of the prediction log; unset: S3_ENDPOINT'),
  PREDICTION_LOG_QUEUE_BYTES: whole(65_536, 2 ** 30)
    .default(8 * 1024 * 1024)
    .describe('memory for lines of the prediction log that are not written yet, bytes; lines beyond are dropped'),
  PREDICTION_LOG_OBJECT_BYTES: whole(1_024, 2 ** 28)
    .default(4 * 1024 * 1024)
    .describe(
      'size at which an object of the prediction log is written, bytes before compression; at most half of PREDICTION_LOG_QUEUE_BYTES',
    ),
  PREDICTION_LOG_OBJECT_SECONDS: whole(1, 3_600)
    .default(60)
    .describe('age at which an object of the prediction log is written, s'),
  PREDICTION_LOG_TIMEOUT_MS: whole(100, 600_000)
    .default(10_000)
    .describe('time of one try to write an object of the prediction log to S3, ms; there are three'),
  PREDICTION_LOG_TOP_LABELS: whole(0, 100_000)
    .default(10)
    .describe('probabilities in a line of the prediction log, the largest ones; 0: all'),

  OTEL_EXPORTER_OTLP_ENDPOINT: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('address of an OpenTelemetry collector that takes OTLP over HTTP; unset: no traces'),
  OTEL_TRACES_SAMPLER_ARG: z.coerce
    .number()
    .min(0)
    .max(1)
    .default(1)
    .describe("share of the requests that are traced where the caller's traceparent does not decide it"),
  OTEL_SERVICE_NAME: z.string().min(1).optional().describe('name of the service in traces; unset: MODEL_NAME'),
  OTEL_BSP_MAX_QUEUE_SIZE: whole(4, 1_000_000)
    .default(2_048)
    .describe('spans in memory that are not sent yet; spans beyond are dropped'),
  OTEL_EXPORTER_OTLP_TIMEOUT: whole(100, 600_000).default(10_000).describe('time for one export of spans, ms'),

  DRAIN_DELAY_MS: whole(0, 600_000)
    .default(5_000)
    .describe('time without a request after which the listener closes on SIGTERM, ms; readiness fails at once'),
  DRAIN_MAX_DELAY_MS: whole(0, 600_000)
    .default(60_000)
    .describe('longest time that requests keep the listener open on SIGTERM, ms; at least DRAIN_DELAY_MS'),
  DRAIN_TIMEOUT_MS: whole(100, 600_000)
    .default(20_000)
    .describe('time for requests in flight to finish after that, ms'),
  PREDICTION_ID_KEY: secretKey
    .optional()
    .describe('secret that signs prediction ids; unset: a random one, so ids do not outlive the process'),
  PREDICTION_ID_OLD_KEYS: words
    .pipe(z.array(secretKey).max(8, 'expected 8 keys at most'))
    .default([])
    .describe('secrets, separated by commas, whose prediction ids are still taken (docs/feedback.md, key rotation)'),
  FEEDBACK_MAX_AGE_HOURS: whole(1, 87_600)
    .default(720)
    .describe('oldest prediction that feedback is taken for, hours; 720 are 30 days'),
  FEEDBACK_MAX_ENTRIES: whole(1, 10_000).default(1_000).describe('most entries of one /feedback request'),
  FEEDBACK_REMEMBERED: whole(1_000, 10_000_000)
    .default(100_000)
    .describe('latest feedback among which a pod finds that a prediction has had its feedback; 30 bytes each'),
});

/** The parsed environment; its fields are the variables' names. */
export type Config = z.infer<typeof environmentSchema>;

/** The environment as settings. @throws PawlError CONFIG_INVALID, see {@link parseEnvironment}. */
export const parseConfig = (environment: Readonly<Record<string, string | undefined>>): Config =>
  parseEnvironment(environmentSchema, environment);
