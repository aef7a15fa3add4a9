import { createHash } from 'node:crypto';
import { maskUris } from '@pawl/shared/errors/mask-uri';
import { isAlreadyExists, isNotFound } from '@pawl/shared/kubernetes/api-error';
import type { KubernetesApi } from '@pawl/shared/kubernetes/kubernetes-api';
import type { KubeObject } from '@pawl/shared/kubernetes/kube-object';
import { events } from '@pawl/shared/kubernetes/objects';
import { type Clock, sleep, systemClock } from '@pawl/shared/concurrency/clock';
import type { Logger } from './logger.ts';

export interface EventRecorderOptions {
  readonly client: Pick<KubernetesApi, 'create' | 'get' | 'mergePatch'>;
  /** The component that reports, such as `pawl-controller`. */
  readonly component: string;
  /** Which process of it, such as the pod's name. */
  readonly instance: string;
  readonly logger: Logger;
  readonly clock?: Clock | undefined;
}

/** Repetitions within this time count up one event instead of making another. */
const SERIES_MS = 10 * 60_000;
/** Events that one object may have at once, and how long each takes to be allowed again; client-go's numbers. */
const BURST = 25;
const REFILL_MS = 5 * 60_000;
/** Events that wait to be written; beyond, new ones are dropped. */
const LONGEST_BACKLOG = 1000;
const LONGEST_NOTE = 1024;
const TIMEOUT_MS = 5_000;

/** Repetitions of the same thing said of the same object. */
interface Series {
  readonly name: string;
  readonly namespace: string;
  readonly body: object;
  readonly firstAt: number;
  lastAt: number;
  count: number;
  /** Whether the server has it. */
  written: boolean;
}

/**
 * Shows people in `kubectl describe` what happened to an object. Writes happen in the background, one at a time.
 * Nothing depends on events, so a failure is only logged.
 */
export class EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #clock: Clock;
  readonly #series = new Map<string, Series>();
  /** By uid: the time at which the object's bucket is full again, at most BURST * REFILL_MS ahead. */
  readonly #spentUntil = new Map<string, number>();
  readonly #backlog = new Set<Series>();
  readonly #stop = new AbortController();
  #writer: Promise<void> | undefined;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  /**
   * Never throws and never waits.
   * @param reason PascalCase, of a closed set.
   * @param note one sentence for people; the same words for the same thing, or repetitions are not recognised.
   */
  record(object: KubeObject, type: 'Normal' | 'Warning', reason: string, note: string): void {
    try {
      const series = this.#count(object, type, reason, note.slice(0, LONGEST_NOTE));
      if (series === undefined) return;
      this.#backlog.add(series);
      this.#writer ??= this.#write();
    } catch (error) {
      this.#options.logger.warn({ reason, err: error }, 'An event could not be recorded.');
    }
  }

  /** Writes the events that wait, for at most `withinMs`, and none after that. */
  async drain(withinMs = TIMEOUT_MS): Promise<void> {
    const finished = new AbortController();
    const writing = (this.#writer ?? Promise.resolve()).finally(() => {
      finished.abort();
    });
    await sleep(this.#clock, withinMs, finished.signal);
    this.#stop.abort(new Error('The event recorder was stopped.'));
    await writing;
  }

  /** Counts a repetition or begins a series; undefined when there is no room for it. */
  #count(object: KubeObject, type: string, reason: string, note: string): Series | undefined {
    const now = this.#clock.now();
    this.#prune(now);
    const { uid = '', namespace, name } = object.metadata;
    if (this.#stop.signal.aborted || this.#backlog.size >= LONGEST_BACKLOG || !this.#allow(uid, now)) return undefined;
    const key = JSON.stringify([object.kind, namespace, name, uid, type, reason, note]);
    const known = this.#series.get(key);
    if (known !== undefined) {
      known.count += 1;
      known.lastAt = now;
      return known;
    }
    // The same name after a restart within the window, so that the series goes on.
    const window = Math.floor(now / SERIES_MS);
    const hash = createHash('sha256').update(`${key} ${window}`).digest('hex').slice(0, 16);
    const series: Series = {
      name: `${name.slice(0, 230)}.${hash}`,
      namespace: namespace ?? 'default',
      body: {
        involvedObject: involved(object),
        type,
        reason,
        message: maskUris(note),
        source: { component: this.#options.component },
        reportingComponent: this.#options.component,
        reportingInstance: this.#options.instance,
      },
      firstAt: now,
      lastAt: now,
      count: 1,
      written: false,
    };
    this.#series.set(key, series);
    return series;
  }

  /** A bucket of BURST events that gains one every REFILL_MS. */
  #allow(uid: string, now: number): boolean {
    const spentUntil = Math.max(this.#spentUntil.get(uid) ?? 0, now) + REFILL_MS;
    if (spentUntil - now > BURST * REFILL_MS) return false;
    this.#spentUntil.set(uid, spentUntil);
    return true;
  }

  #prune(now: number): void {
    for (const [key, series] of this.#series) if (now - series.lastAt > SERIES_MS) this.#series.delete(key);
    for (const [uid, spentUntil] of this.#spentUntil) if (spentUntil <= now) this.#spentUntil.delete(uid);
  }

  async #write(): Promise<void> {
    // Starts after the caller's turn: record() promises not to do work.
    await Promise.resolve();
    for (const series of this.#backlog) {
      this.#backlog.delete(series);
      if (this.#stop.signal.aborted) continue;
      const { count } = series;
      try {
        await this.#writeOne(series, count);
        series.written = true;
      } catch (error) {
        this.#options.logger.warn({ key: series.name, err: error }, 'An event could not be written.');
      }
    }
    this.#writer = undefined;
  }

  async #writeOne(series: Series, count: number): Promise<void> {
    const { client } = this.#options;
    const call = { signal: this.#stop.signal, timeoutMs: TIMEOUT_MS };
    if (series.written)
      try {
        await this.#bump(series, count);
        return;
      } catch (error) {
        // Events expire after an hour; this one is begun again.
        if (!isNotFound(error)) throw error;
      }
    const { name, namespace, body } = series;
    const times = { firstTimestamp: time(series.firstAt), lastTimestamp: time(series.lastAt), count };
    const event = { apiVersion: 'v1', kind: 'Event', metadata: { name, namespace }, ...body, ...times };
    try {
      await client.create(events, event, call);
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      // An earlier run of this process began the series.
      const found = await client.get(events, namespace, name, call);
      series.count += found?.count ?? 0;
      await this.#bump(series, count + (found?.count ?? 0));
    }
  }

  async #bump({ namespace, name, lastAt }: Series, count: number): Promise<void> {
    const call = { signal: this.#stop.signal, timeoutMs: TIMEOUT_MS };
    await this.#options.client.mergePatch(events, namespace, name, { count, lastTimestamp: time(lastAt) }, call);
  }
}

/** metav1.Time has no fractions of a second. */
const time = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');

function involved({ apiVersion, kind, metadata }: KubeObject) {
  const { name, namespace, uid, resourceVersion } = metadata;
  return { apiVersion, kind, name, namespace, uid, resourceVersion };
}
