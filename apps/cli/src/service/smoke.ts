import type { Context } from '../terminal/context.ts';
import { waitedInVain } from './simulate.ts';
import type { Reply, ServiceAnswer, ServiceClient, ServiceFailure } from './service-client.ts';

/** One line of the checklist. */
export interface SmokeCheck {
  readonly name: string;
  /** `warn` and `skip` do not fail the smoke test. */
  readonly outcome: 'pass' | 'warn' | 'fail' | 'skip';
  /** What was found, one clause. */
  readonly found: string;
}

/** What a smoke test needs of the service. */
export type Probed = Pick<ServiceClient, 'health' | 'predict' | 'url'>;

export interface SmokeOptions {
  readonly context: Pick<Context, 'sleep' | 'signal' | 'now'>;
  readonly image: { readonly name: string; readonly bytes: Uint8Array<ArrayBuffer> };
  /** Labels of which the answer must be one. */
  readonly labels: readonly string[];
  /** Milliseconds for which a service that is not there yet is waited for; 0: not at all. */
  readonly waitMs: number;
}

/** How often a service that is still starting is asked, milliseconds. */
const POLL_MS = 1_000;

/**
 * The smoke test of a deployment: `/health` answers 200 (hard), a model is loaded (soft), `/predict` answers 200 (hard; 503
 * soft), with one of the labels (hard).
 *
 * @throws the signal's reason.
 */
export async function smoke(service: Probed, options: SmokeOptions): Promise<readonly SmokeCheck[]> {
  const { context, image, labels, waitMs } = options;
  const deadline = context.now().getTime() + waitMs;
  /** Asks until `done` or the time is over; the last reply counts. */
  const patiently = async <T>(ask: () => Promise<Reply<T>>, done: (reply: Reply<T>) => boolean): Promise<Reply<T>> => {
    for (;;) {
      const reply = await ask();
      const left = deadline - context.now().getTime();
      if (done(reply) || left <= 0) return reply;
      await context.sleep(Math.min(left, retryAfterOf(reply) ?? POLL_MS));
      context.signal.throwIfAborted();
    }
  };

  const health = await patiently(
    () => service.health(),
    (reply) => (reply.ok ? reply.value.modelLoaded : !mayPass(reply.failure)),
  );
  if (!health.ok) return [broken('/health answers 200', service.url, waitMs, health.failure), ...skipped];
  const prediction = await patiently(
    () => service.predict(image.bytes, image.name),
    (reply) => reply.ok || !mayPass(reply.failure),
  );
  return [
    { name: '/health answers 200', outcome: 'pass', found: ms(health.latencyMs) },
    health.value.modelLoaded
      ? { name: 'a model is loaded', outcome: 'pass', found: modelOf(prediction) }
      : { name: 'a model is loaded', outcome: 'warn', found: 'model_loaded is false' },
    ...judge(prediction, service.url, labels, waitMs),
  ];
}

const skipped: readonly SmokeCheck[] = [
  'a model is loaded',
  '/predict answers 200',
  'the label is one of the model',
].map((name) => ({ name, outcome: 'skip', found: 'not asked' }));

function judge(
  reply: Reply<ServiceAnswer>,
  url: string,
  labels: readonly string[],
  waitMs: number,
): readonly SmokeCheck[] {
  const name = `the label is one of ${labels.join(', ')}`;
  if (!reply.ok) {
    const check = broken('/predict answers 200', url, waitMs, reply.failure);
    // No model yet is a state that a deployment may be in; anything else is not.
    const soft = reply.failure.status === 503 && reply.failure.code !== 'NOT_PAWL';
    return [
      { ...check, outcome: soft ? 'warn' : 'fail' },
      { name, outcome: 'skip', found: 'no answer' },
    ];
  }
  const { label, confidence, abstained } = reply.value;
  const known = labels.includes(label);
  const said = `${label}, ${(confidence * 100).toFixed(1)} %${abstained === true ? ', abstained' : ''}`;
  return [
    { name: '/predict answers 200', outcome: 'pass', found: ms(reply.latencyMs) },
    { name, outcome: known ? 'pass' : 'fail', found: said },
  ];
}

function broken(name: string, url: string, waitMs: number, failure: ServiceFailure): SmokeCheck {
  const { message, hint } = waitedInVain(url, waitMs, failure);
  return { name, outcome: 'fail', found: `${message}. ${hint}` };
}

function modelOf(reply: Reply<ServiceAnswer>): string {
  if (!reply.ok) return 'model_loaded is true';
  const { modelVersion, modelDigest } = reply.value;
  return [modelVersion, modelDigest?.slice(0, 'sha256:'.length + 12)].filter((word) => word !== undefined).join(', ');
}

/** Whether another second may help: nobody listens yet, a proxy has no pod behind it yet, no model, no room. */
function mayPass({ status, code }: ServiceFailure): boolean {
  if (status === undefined) return code !== 'TLS';
  return [429, 502, 503, 504].includes(status);
}

function retryAfterOf(reply: Reply<unknown>): number | undefined {
  return reply.ok ? undefined : reply.failure.retryAfterMs;
}

const ms = (value: number): string => `${value.toFixed(0)} ms`;

/** Whether a deployment may go on. */
export const hasPassed = (checks: readonly SmokeCheck[]): boolean => checks.every(({ outcome }) => outcome !== 'fail');
