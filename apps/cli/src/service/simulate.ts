import { readFile } from 'node:fs/promises';
import type { Context } from '../terminal/context.ts';
import { CliError } from '../errors/cli-error.ts';
import { span } from '../terminal/text.ts';
import type { LabelledPhoto } from './labelled-photos.ts';
import type { RequestRecord } from './report.ts';
import type { Reply, ServiceAnswer, ServiceClient, ServiceFailure } from './service-client.ts';

/** How often one photograph is sent at most, when the service asks to wait in between. */
const MOST_ATTEMPTS = 6;
/** Longest wait that is taken from a service, milliseconds. */
const LONGEST_WAIT_MS = 30_000;
/** Requests in a row that nothing answered, after which nobody is there. */
const GIVE_UP_AFTER = 5;

/** What a simulation needs of the service. */
export type Predicting = Pick<ServiceClient, 'predict' | 'url'>;

export interface SimulationOptions {
  readonly context: Pick<Context, 'sleep' | 'signal'>;
  /** Requests under way at once. */
  readonly concurrency: number;
  /** Called as each request ends; with concurrency in no order. */
  readonly onRecord: (record: RequestRecord) => void;
}

/** What a simulation came to. */
export interface Simulated {
  /** One a request, in no order. */
  readonly records: readonly RequestRecord[];
  /** The labels that the answers gave probabilities to. */
  readonly labels: ReadonlySet<string>;
  /** Why it ended early, where it did. */
  readonly gaveUp?: CliError;
}

/**
 * Sends photographs and compares the answers with their labels. A request without an answer is recorded and the rest go on;
 * when nobody answers any more, it ends early.
 *
 * @throws the signal's reason; the errors of `fs` for a photograph that is gone.
 */
export async function simulate(
  service: Predicting,
  photos: readonly LabelledPhoto[],
  { context, concurrency, onRecord }: SimulationOptions,
): Promise<Simulated> {
  const records: RequestRecord[] = [];
  const labels = new Set<string>();
  let next = 0;
  let silent = 0;
  let gaveUp: CliError | undefined;
  const sender = async (): Promise<void> => {
    while (next < photos.length && gaveUp === undefined) {
      const index = next++;
      const photo = photos[index] as LabelledPhoto;
      const bytes = await readFile(photo.path);
      const { reply, attempts } = await send(service, bytes, photo.name, context);
      const record = toRecord(index + 1, photo, reply, attempts);
      records.push(record);
      if (reply.ok) reply.value.labels.forEach((label) => labels.add(label));
      onRecord(record);
      silent = !reply.ok && reply.failure.status === undefined ? silent + 1 : 0;
      if (silent >= GIVE_UP_AFTER && !reply.ok) gaveUp ??= asCliError(service.url, reply.failure);
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, photos.length) }, sender));
  return { records, labels, ...(gaveUp !== undefined && { gaveUp }) };
}

/** One photograph, again as long as the service says when to come back. */
async function send(
  service: Predicting,
  bytes: Buffer<ArrayBuffer>,
  name: string,
  context: SimulationOptions['context'],
): Promise<{ readonly reply: Reply<ServiceAnswer>; readonly attempts: number }> {
  for (let attempts = 1; ; attempts += 1) {
    const reply = await service.predict(bytes, name);
    if (reply.ok || attempts >= MOST_ATTEMPTS) return { reply, attempts };
    const { status, retryAfterMs } = reply.failure;
    // Without Retry-After nobody says that trying again helps.
    if ((status !== 429 && status !== 503) || retryAfterMs === undefined) return { reply, attempts };
    await context.sleep(Math.min(retryAfterMs, LONGEST_WAIT_MS));
    context.signal.throwIfAborted();
  }
}

function toRecord(index: number, photo: LabelledPhoto, reply: Reply<ServiceAnswer>, attempts: number): RequestRecord {
  const common = {
    index,
    file: photo.name,
    true_label: photo.label,
    latency_ms: Number(reply.latencyMs.toFixed(1)),
    attempts,
  };
  if (!reply.ok) {
    const { code, status = null, message } = reply.failure;
    return { ...common, predicted_label: null, confidence: null, correct: false, error: { code, status, message } };
  }
  const { label, confidence, abstained, modelVersion, modelDigest } = reply.value;
  return {
    ...common,
    predicted_label: label,
    confidence,
    correct: label === photo.label,
    ...(abstained !== undefined && { abstained }),
    ...(modelVersion !== undefined && { model_version: modelVersion }),
    ...(modelDigest !== undefined && { model_digest: modelDigest }),
  };
}

/** A service that cannot be used at all, as the error that ends a command. */
export function asCliError(url: string, { code, status, message }: ServiceFailure): CliError {
  const refused = (hint: string) =>
    new CliError('SERVICE_REFUSED', `the service at ${url} cannot be used: ${message}`, hint);
  if (code === 'TLS')
    return refused(
      message.includes('does not speak TLS')
        ? 'Use http:// for a service without TLS.'
        : 'Name the file of its certificate authority in NODE_EXTRA_CA_CERTS, or use the host name that the certificate bears.',
    );
  if (code === 'REDIRECT')
    return refused('Use the address that it redirects to; a redirect to a login page needs another way in.');
  if (code === 'NOT_PAWL' || status === 404 || status === 405)
    return refused('Check host, port and path: something else, such as a proxy or another program, answers there.');
  if (status === 401 || status === 403)
    return refused('Something in front of the service asks for credentials; reach it by a port-forward instead.');
  if (status === undefined || status === 502 || status === 503 || status === 504)
    return new CliError(
      'SERVICE_UNREACHABLE',
      `cannot reach the service at ${url}: ${message}`,
      'Check that it runs and that a port-forward to it is still open (kubectl port-forward service/NAME 8000:8000), or give it longer with --timeout.',
    );
  return refused('Look at the log of the service; every answer has an X-Request-Id that is in it.');
}

/** When waiting for a service is over: the error says for how long. */
export function waitedInVain(url: string, waitMs: number, failure: ServiceFailure): CliError {
  const { message, hint, code } = asCliError(url, failure);
  return new CliError(code, waitMs === 0 ? message : `${message} (for ${span(waitMs)})`, hint);
}
