import { withinMs } from '@pawl/shared/concurrency/deadline';
import { maskUri } from '@pawl/shared/errors/mask-uri';
import { z } from 'zod';
import { CliError } from '../../errors/cli-error.ts';
import { networkProblem } from '../../errors/network.ts';
import type { Context } from '../../terminal/context.ts';
import { count, plain } from '../../terminal/text.ts';
import type { Period } from './period.ts';
import type { PrometheusSettings } from './settings.ts';

/** A time series as Prometheus answers it. */
export interface Series {
  /** With `__name__` where the query keeps it. */
  readonly labels: Readonly<Record<string, string>>;
  /** Unix seconds and value, ascending. */
  readonly points: readonly (readonly [at: number, value: number])[];
}

/** Bytes of one answer: 300 steps of 3,000 series have 30 MB. */
const MOST_BYTES = 64 * 2 ** 20;
/** Characters of an explanation that are shown. */
const MOST_WORDS = 300;

/** Checked by {@link toPoint}: a schema takes seconds for two million of them. */
const points = z.custom<readonly unknown[]>(Array.isArray);
const labels = z.record(z.string(), z.string());
const answerSchema = z.object({
  status: z.literal('success'),
  warnings: z.array(z.string()).optional(),
  data: z.discriminatedUnion('resultType', [
    z.object({ resultType: z.literal('matrix'), result: z.array(z.object({ metric: labels, values: points })) }),
    z.object({ resultType: z.literal('vector'), result: z.array(z.object({ metric: labels, value: z.unknown() })) }),
  ]),
});
const errorSchema = z.object({ status: z.literal('error'), errorType: z.string(), error: z.string() });

/**
 * Asks a Prometheus, or what speaks its HTTP API (prometheus.io/docs, "HTTP API", v1). Tries once, reads no more than an
 * answer may have, and follows no redirect: the credentials go where the command line says.
 */
export class PrometheusClient {
  readonly #settings: PrometheusSettings;
  readonly #timeoutMs: number;
  readonly #signal: AbortSignal;
  readonly #warnings = new Set<string>();

  /** @param timeoutMs for each question, from its first byte to the answer's last. */
  constructor(settings: PrometheusSettings, timeoutMs: number, context: Pick<Context, 'signal'>) {
    this.#settings = settings;
    this.#timeoutMs = timeoutMs;
    this.#signal = context.signal;
  }

  /** What the answers so far may lack, in the words of whoever answered: Thanos without one of its stores. */
  get warnings(): readonly string[] {
    return [...this.#warnings];
  }

  /**
   * A query at each time of a period.
   *
   * @throws CliError PROMETHEUS_UNREACHABLE, PROMETHEUS_REFUSED, METRICS_TOO_MANY; the signal's reason.
   */
  async range(
    query: string,
    { start, end, stepSeconds }: Pick<Period, 'start' | 'end' | 'stepSeconds'>,
  ): Promise<Series[]> {
    return await this.#ask('query_range', { query, start: `${start}`, end: `${end}`, step: `${stepSeconds}` });
  }

  /** A query at one time, Unix seconds: series of one point. Errors as {@link range}. */
  async instant(query: string, at: number): Promise<Series[]> {
    return await this.#ask('query', { query, time: `${at}` });
  }

  async #ask(path: string, parameters: Readonly<Record<string, string>>): Promise<Series[]> {
    this.#signal.throwIfAborted();
    const { url, authorization } = this.#settings;
    // The server gives up when nobody waits any more.
    const query = new URLSearchParams({ ...parameters, timeout: `${Math.ceil(this.#timeoutMs / 1000)}s` });
    let response: Response;
    let text: string;
    try {
      response = await fetch(`${url}api/v1/${path}?${query.toString()}`, {
        headers: { accept: 'application/json', ...(authorization !== undefined && { authorization }) },
        redirect: 'manual',
        signal: withinMs(this.#timeoutMs, this.#signal),
      });
      text = await readText(response);
    } catch (error) {
      this.#signal.throwIfAborted();
      if (error instanceof CliError) throw error;
      throw this.#unreachable(error);
    }
    const answer = answerSchema.safeParse(parse(text));
    const series = response.ok && answer.success ? seriesOf(answer.data.data) : undefined;
    if (series === undefined) throw this.#refusal(response, text);
    for (const warning of answer.data?.warnings ?? []) this.#warnings.add(plain(warning));
    return series;
  }

  #unreachable(error: unknown): CliError {
    const { kind, words } = networkProblem(error);
    const problem = kind === 'timeout' ? `no answer within ${this.#timeoutMs / 1000} s` : words;
    const hint =
      kind === 'timeout'
        ? 'Give it longer with --timeout, or ask for less with --since.'
        : kind === 'tls'
          ? 'Name the file of its certificate authority in NODE_EXTRA_CA_CERTS, or use the host name that the certificate bears.'
          : 'Check --prometheus, and that a port-forward to it is still open (kubectl port-forward service/NAME 9090:9090).';
    return new CliError(
      'PROMETHEUS_UNREACHABLE',
      `cannot reach Prometheus at ${this.#settings.url}: ${problem}.`,
      hint,
      error,
    );
  }

  #refusal(response: Response, text: string): CliError {
    const { status, headers } = response;
    const at = `Prometheus at ${this.#settings.url}`;
    const refused = (problem: string, hint: string) => new CliError('PROMETHEUS_REFUSED', `${at} ${problem}`, hint);
    const location = headers.get('location');
    if (status >= 300 && status < 400 && location !== null)
      return refused(
        `redirects to ${maskUri(location)}.`,
        'Use the address that it redirects to; a redirect to a login page needs another way in.',
      );
    if (status === 401 || status === 403)
      return refused(
        `refuses (HTTP ${status}).`,
        'Set PROMETHEUS_TOKEN, or PROMETHEUS_USERNAME and PROMETHEUS_PASSWORD, to what it expects.',
      );
    const error = errorSchema.safeParse(parse(text));
    if (error.success) {
      const { errorType, error: words } = error.data;
      const problem = `refuses (${errorType}): ${plain(words).slice(0, MOST_WORDS)}.`;
      return /too many|limit|timed? ?out/i.test(`${errorType} ${words}`)
        ? refused(problem, 'Ask for less with --since, or give it longer with --timeout.')
        : refused(problem, 'Fix what it says; its log says more.');
    }
    if (status === 502 || status === 503 || status === 504)
      return new CliError(
        'PROMETHEUS_UNREACHABLE',
        `${at} cannot be used now: HTTP ${status}.`,
        'Wait until it has started, and run the same command again.',
      );
    return refused(
      `does not answer as Prometheus does (HTTP ${status}, ${headers.get('content-type')?.split(';')[0] ?? 'no content type'}).`,
      'Check host, port and path of --prometheus; the prefix of a proxy belongs to it.',
    );
  }
}

/** The series of an answer; undefined where a value of it is none. */
function seriesOf({ result }: z.infer<typeof answerSchema>['data']): Series[] | undefined {
  const series: Series[] = [];
  for (const one of result) {
    const read: (readonly [number, number])[] = [];
    for (const value of 'values' in one ? one.values : [one.value]) {
      const point = toPoint(value);
      if (point === undefined) return undefined;
      read.push(point);
    }
    series.push({ labels: one.metric, points: read });
  }
  return series;
}

/** A pair of Unix seconds and a number as text; `NaN`, `+Inf` and `-Inf` are written as words. */
function toPoint(pair: unknown): readonly [number, number] | undefined {
  if (!Array.isArray(pair)) return undefined;
  const [at, value] = pair as readonly unknown[];
  if (typeof at !== 'number' || typeof value !== 'string') return undefined;
  return [at, value === '+Inf' ? Infinity : value === '-Inf' ? -Infinity : Number(value)];
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** @throws CliError METRICS_TOO_MANY. */
async function readText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > MOST_BYTES)
      throw new CliError(
        'METRICS_TOO_MANY',
        `Prometheus answers with more than ${count(MOST_BYTES / 2 ** 20, 'MiB')}.`,
        'Ask for less with --since, or choose a namespace with --match.',
      );
  }
  return Buffer.concat(chunks).toString();
}
