import { NEITHER } from '@pawl/shared/bundle/manifest';
import { sleep, systemClock } from '@pawl/shared/concurrency/clock';
import { forEachLimited } from '@pawl/shared/concurrency/for-each-limited';
import type { Acceptance } from '@pawl/shared/modelversion/model-version';
import { z } from 'zod';
import { readCounters, type ProcessCounters } from './analysis/counters.ts';
import { boundedText } from '@pawl/shared/modelversion/bounded-text';
import { askPod, type PodFailure, PodRequestError } from './pod-request.ts';
import { timestamp } from './time.ts';

/** An acceptance image of the environment. */
export interface AcceptanceImage {
  /** Key in the ConfigMap: `<label>.<anything>`. */
  readonly key: string;
  readonly label: string;
  readonly bytes: Uint8Array;
}

/** The conditions of an acceptance run, and how its answers are judged. */
interface AcceptanceRules {
  /** Digest of the weights that have to answer. */
  readonly digest: string;
  /** Hash of the pod template that the pod has. */
  readonly template: string;
  /** Share of the images, 0 to 1. */
  readonly minCorrect: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly signal: AbortSignal;
}

/** What the controller asks a pod over HTTP, at its `host:port`. */
export interface PodClient {
  /** Reads its counters. @throws when it does not answer in time. */
  scrape(address: string, model: string, signal: AbortSignal): Promise<ProcessCounters>;
  /**
   * The pod's own reason for not being ready; undefined when it gives none, or does not answer.
   * @throws PodRequestError when it answers as no service of Pawl does.
   */
  whyNotReady(address: string, signal: AbortSignal): Promise<string | undefined>;
  /**
   * Sends it the environment's own labelled images. An image that is answered with an error counts as wrong; a pod that
   * cannot be reached does not.
   * @throws when it does not answer in time, or serves other weights.
   */
  askAcceptance(address: string, images: readonly AcceptanceImage[], rules: AcceptanceRules): Promise<Acceptance>;
}

/** Images asked at once: one pod answers them, and it has few cores. */
const AT_ONCE = 2;
const COUNTERS_TIMEOUT_MS = 2_000;
const READINESS_TIMEOUT_MS = 1_000;
const LARGEST_METRICS_BYTES = 4 * 1024 * 1024;
/** What the service answers in JSON is far smaller. */
const LARGEST_JSON_BYTES = 64 * 1024;
const MISTAKES = 10;
const BUSY_PAUSE_MS = 500;
/** Longest label in a status. */
const LONGEST_LABEL = 63;
/** Length of a digest. */
const DIGEST = 71;
/** Longest words of a pod in a message. */
const LONGEST_REASON = 300;

async function scrape(address: string, model: string, signal: AbortSignal): Promise<ProcessCounters> {
  const { status, text } = await askPod(address, {
    path: '/metrics',
    maxBytes: LARGEST_METRICS_BYTES,
    timeoutMs: COUNTERS_TIMEOUT_MS,
    signal,
  });
  if (status !== 200) throw new Error(`/metrics answered ${status}`);
  return readCounters(text, model);
}

const readiness = z.object({
  ready: z.boolean().optional(),
  reason: z.string().optional(),
  code: z.string().optional(),
});
const prediction = z.object({
  label: z.string(),
  abstained: z.boolean().optional(),
  confidence: z.number().optional(),
  model_digest: z.string().optional(),
});
const refusal = z.object({ error: z.object({ code: z.string().min(1) }) });

const usual: readonly PodFailure[] = ['unreachable', 'timeout', 'cut-off'];

async function whyNotReady(address: string, signal: AbortSignal): Promise<string | undefined> {
  try {
    const { text } = await askPod(address, {
      path: '/readyz',
      maxBytes: LARGEST_JSON_BYTES,
      timeoutMs: READINESS_TIMEOUT_MS,
      signal,
    });
    const said = readiness.safeParse(jsonOf(text)).data;
    if (said === undefined || said.ready === true) return undefined;
    const words = [said.code, said.reason].filter((word) => word !== undefined).join(': ');
    return words === '' ? undefined : boundedText(words, LONGEST_REASON);
  } catch (error) {
    // A pod that starts is not there yet, and that says nothing.
    if (!(error instanceof PodRequestError) || usual.includes(error.kind)) return undefined;
    throw error;
  }
}

async function askAcceptance(
  address: string,
  images: readonly AcceptanceImage[],
  { digest, template, minCorrect, now, signal }: AcceptanceRules,
): Promise<Acceptance> {
  const mistakes: Acceptance['mistakes'] = [];
  await forEachLimited(
    images,
    AT_ONCE,
    async (image, stop) => {
      const { label, confidence } = await predict(address, image, digest, stop);
      if (label !== image.label)
        mistakes.push({
          image: image.key,
          expected: boundedText(image.label, LONGEST_LABEL),
          answered: boundedText(label, LONGEST_LABEL),
          ...(confidence !== undefined && { confidence }),
        });
    },
    signal,
  );
  return {
    total: images.length,
    correct: images.length - mistakes.length,
    required: Math.ceil(minCorrect * images.length),
    at: timestamp(now()),
    template,
    mistakes: mistakes.toSorted((a, b) => a.image.localeCompare(b.image)).slice(0, MISTAKES),
  };
}

/** The answer to one image: its label, that it is none of them, or the error code that came instead. */
async function predict(
  address: string,
  image: AcceptanceImage,
  digest: string,
  signal: AbortSignal,
): Promise<{ readonly label: string; readonly confidence?: number | undefined }> {
  for (;;) {
    const request = { path: '/predict', image: image.bytes, maxBytes: LARGEST_JSON_BYTES, signal };
    const { status, text } = await askPod(address, request);
    if (status === 429 || status === 503) {
      await sleep(systemClock, BUSY_PAUSE_MS, signal);
      signal.throwIfAborted();
      continue;
    }
    const body = jsonOf(text);
    if (status !== 200) return { label: refusal.safeParse(body).data?.error.code ?? `HTTP_${status}` };
    const answer = prediction.safeParse(body).data;
    if (answer === undefined) throw new Error('/predict answers with something that is no prediction');
    const served = answer.model_digest;
    if (served !== digest)
      throw new Error(`it serves ${served === undefined ? 'no digest' : boundedText(served, DIGEST)}, not ${digest}`);
    return answer.abstained === true ? { ...answer, label: NEITHER } : answer;
  }
}

/** Undefined for what is no JSON. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** Asks pods over the network. */
export const podClient: PodClient = { scrape, whyNotReady, askAcceptance };
