import { sleep, systemClock } from '@pawl/shared/concurrency/clock';
import { withinMs } from '@pawl/shared/concurrency/deadline';
import { forEachLimited } from '@pawl/shared/concurrency/for-each-limited';
import type { Acceptance } from '@pawl/shared/modelversion/model-version';
import { readCounters, type ProcessCounters } from './analysis/counters.ts';
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
  /** The pod's own reason for not being ready; undefined when it gives none. Never rejects. */
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
const MISTAKES = 10;
const BUSY_PAUSE_MS = 500;

async function scrape(address: string, model: string, signal: AbortSignal): Promise<ProcessCounters> {
  const response = await fetch(`http://${address}/metrics`, {
    signal: withinMs(COUNTERS_TIMEOUT_MS, signal),
  });
  if (!response.ok) throw new Error(`/metrics answered ${response.status}`);
  const text = await response.text();
  if (text.length > LARGEST_METRICS_BYTES) throw new Error('/metrics is larger than any that Pawl writes');
  return readCounters(text, model);
}

async function whyNotReady(address: string, signal: AbortSignal): Promise<string | undefined> {
  try {
    const limit = withinMs(READINESS_TIMEOUT_MS, signal);
    const response = await fetch(`http://${address}/readyz`, { signal: limit });
    const { ready, reason, code } = (await response.json()) as {
      readonly ready?: boolean;
      readonly reason?: string;
      readonly code?: string;
    };
    return ready === true ? undefined : [code, reason].filter((word) => word !== undefined).join(': ');
  } catch {
    return undefined;
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
          expected: image.label,
          answered: label,
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

/** The answer to one image: its label, or the error code that came instead. */
async function predict(
  address: string,
  image: AcceptanceImage,
  digest: string,
  signal: AbortSignal,
): Promise<{ readonly label: string; readonly confidence?: number }> {
  for (;;) {
    const response = await fetch(`http://${address}/predict`, {
      method: 'POST',
      // The service detects formats by content; the type only keeps it from reading the body as a form.
      headers: { 'content-type': 'image/jpeg' },
      body: image.bytes as Uint8Array<ArrayBuffer>,
      signal,
    });
    const body = (await response.json()) as {
      readonly label?: string;
      readonly confidence?: number;
      readonly model_digest?: string;
      readonly error?: { readonly code?: string };
    };
    if (response.status === 429 || response.status === 503) {
      await sleep(systemClock, BUSY_PAUSE_MS, signal);
      signal.throwIfAborted();
      continue;
    }
    if (!response.ok) return { label: body.error?.code ?? `HTTP_${response.status}` };
    if (body.model_digest !== digest)
      throw new Error(`the pod serves ${body.model_digest ?? 'no digest'}, not ${digest}`);
    return { label: body.label ?? '', ...(body.confidence !== undefined && { confidence: body.confidence }) };
  }
}

/** Asks pods over the network. */
export const podClient: PodClient = { scrape, whyNotReady, askAcceptance };
