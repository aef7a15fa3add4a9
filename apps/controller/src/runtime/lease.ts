import { isDeepStrictEqual } from 'node:util';
import { isAlreadyExists, isConflict } from '@pawl/shared/kubernetes/api-error';
import type { KubernetesApi } from '@pawl/shared/kubernetes/kubernetes-api';
import { type Lease, leases, type LeaseSpec } from '@pawl/shared/kubernetes/objects';
import { jittered, type Random } from '@pawl/shared/concurrency/backoff';
import { type Clock, sleep, systemClock } from '@pawl/shared/concurrency/clock';
import { startDeadline } from '@pawl/shared/concurrency/deadline';
import type { Logger } from './logger.ts';

export interface LeaderElectionOptions {
  readonly client: Pick<KubernetesApi, 'get' | 'create' | 'update'>;
  readonly namespace: string;
  readonly name: string;
  /** The identity of this process: no other process and no earlier run has it. */
  readonly identity: string;
  readonly logger: Logger;
  /** Milliseconds after which others may take the lease, 15 000 by default. */
  readonly durationMs?: number | undefined;
  /** Milliseconds after which a holder that cannot renew gives up, 10 000 by default. */
  readonly renewDeadlineMs?: number | undefined;
  /** Milliseconds between two tries, 2 000 by default. */
  readonly retryMs?: number | undefined;
  readonly clock?: Clock | undefined;
  readonly random?: Random | undefined;
}

export interface LeaderCallbacks {
  /**
   * What only the leader does. It ends its work when `stop` is aborted, for either reason.
   * @param lost aborted when another candidate may lead: stop the work at once.
   */
  readonly onStarted: (stop: AbortSignal, lost: AbortSignal) => Promise<void>;
  /** After the work of {@link onStarted} ended, whether or not this process still holds the lease. */
  readonly onStopped?: () => void;
  readonly onNewLeader?: (identity: string) => void;
}

const JITTER = 0.2;

/** Milliseconds since 1970 as Kubernetes' MicroTime. */
export const microTime = (ms: number): string => new Date(ms).toISOString().replace('Z', '000Z');

/**
 * Lets one of several processes lead, by client-go's rules. A lease is judged by how long this process has seen it
 * unchanged, never by the times in it: clocks differ. A lease does not fence, so writes still need preconditions.
 */
export class LeaderElection {
  readonly #options: LeaderElectionOptions;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #durationMs: number;
  readonly #renewDeadlineMs: number;
  readonly #retryMs: number;
  #observed: Lease | undefined;
  #observedAt = -Infinity;
  /** When the last try that succeeded began. */
  #renewedAt = -Infinity;
  #toldLeader = '';

  constructor(options: LeaderElectionOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
    this.#durationMs = options.durationMs ?? 15_000;
    this.#renewDeadlineMs = options.renewDeadlineMs ?? 10_000;
    this.#retryMs = options.retryMs ?? 2_000;
    if (this.#durationMs <= this.#renewDeadlineMs || this.#renewDeadlineMs <= this.#retryMs * (1 + JITTER))
      throw new RangeError('A lease needs duration > renew deadline > retry period, jitter included.');
  }

  /** The holder of the lease as far as this process knows; empty when there is none. */
  get leader(): string {
    return this.#observed?.spec?.holderIdentity ?? '';
  }

  /**
   * Waits for the lease, leads while it can be renewed, and gives it back after the work has ended.
   * @returns why it ended: `lost` means that the process should exit and start over.
   * @throws what {@link LeaderCallbacks.onStarted} throws, after giving the lease back.
   */
  async run(signal: AbortSignal, callbacks: LeaderCallbacks): Promise<'stopped' | 'lost'> {
    if (!(await this.#acquire(signal, callbacks))) return 'stopped';
    const stop = new AbortController();
    const lost = new AbortController();
    const onSignal = (): void => {
      stop.abort(signal.reason);
    };
    if (signal.aborted) onSignal();
    signal.addEventListener('abort', onSignal);
    const worked = new AbortController();
    const work = Promise.resolve()
      .then(() => callbacks.onStarted(stop.signal, lost.signal))
      .finally(() => {
        worked.abort();
      });
    // It is awaited below, which may be after it failed.
    work.catch(() => undefined);
    try {
      // Work that drains is still work under this lease, so it is renewed until then.
      if (!(await this.#renew(worked.signal, callbacks))) {
        const reason = new Error('The lease could not be renewed in time.');
        lost.abort(reason);
        stop.abort(reason);
      }
      await work;
    } finally {
      signal.removeEventListener('abort', onSignal);
      callbacks.onStopped?.();
      if (!lost.signal.aborted) await this.#release();
    }
    return lost.signal.aborted ? 'lost' : 'stopped';
  }

  async #acquire(signal: AbortSignal, callbacks: LeaderCallbacks): Promise<boolean> {
    while (!signal.aborted) {
      const led = await this.#try(signal, this.#renewDeadlineMs);
      this.#tellLeader(callbacks);
      if (led) return true;
      await sleep(this.#clock, jittered(this.#retryMs, JITTER, this.#random), signal);
    }
    return false;
  }

  /** @returns false when the lease is lost, true when the signal was aborted before. */
  async #renew(signal: AbortSignal, callbacks: LeaderCallbacks): Promise<boolean> {
    const leftMs = (): number => this.#renewedAt + this.#renewDeadlineMs - this.#clock.monotonic();
    while (await sleep(this.#clock, Math.min(this.#retryMs, leftMs()), signal)) {
      // Also when the process was frozen meanwhile: its work must not go on.
      if (leftMs() <= 0) return false;
      const led = await this.#try(signal, leftMs());
      this.#tellLeader(callbacks);
      if (!led && this.leader !== this.#options.identity) return signal.aborted;
    }
    return true;
  }

  /** One try to take or renew the lease within `withinMs`; whether this process holds it now. */
  async #try(signal: AbortSignal, withinMs: number): Promise<boolean> {
    const { logger, name } = this.#options;
    const deadline = startDeadline(this.#clock, Math.min(withinMs, this.#renewDeadlineMs / 2), signal);
    const startedAt = this.#clock.monotonic();
    try {
      const led = await this.#takeOrRenew(deadline.signal);
      if (led) this.#renewedAt = startedAt;
      return led;
    } catch (error) {
      if (isConflict(error) || isAlreadyExists(error)) logger.debug({ key: name }, 'Another candidate was faster.');
      else if (!signal.aborted) logger.warn({ key: name, err: error }, 'The lease could not be read or written.');
      return false;
    } finally {
      deadline.done();
    }
  }

  async #takeOrRenew(signal: AbortSignal): Promise<boolean> {
    const { client, namespace, name, identity } = this.#options;
    const found = await client.get(leases, namespace, name, { signal });
    if (found === undefined) {
      const spec = { ...this.#held(), acquireTime: microTime(this.#clock.now()), leaseTransitions: 0 };
      const lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { namespace, name }, spec };
      this.#observe(await client.create(leases, lease, { signal }));
      return true;
    }
    this.#observe(found);
    const spec = found.spec ?? {};
    const mine = this.leader === identity;
    if (!mine && this.leader !== '' && !this.#isExpired(spec)) return false;
    const since = mine
      ? { acquireTime: spec.acquireTime, leaseTransitions: spec.leaseTransitions ?? 0 }
      : { acquireTime: microTime(this.#clock.now()), leaseTransitions: (spec.leaseTransitions ?? 0) + 1 };
    // The resourceVersion that was read makes this a conflict when anybody else wrote meanwhile.
    this.#observe(await client.update(leases, { ...found, spec: { ...spec, ...this.#held(), ...since } }, { signal }));
    return true;
  }

  #held(): LeaseSpec {
    return {
      holderIdentity: this.#options.identity,
      leaseDurationSeconds: Math.ceil(this.#durationMs / 1000),
      renewTime: microTime(this.#clock.now()),
    };
  }

  /** Starts the local clock of a lease whenever it is seen changed. */
  #observe(lease: Lease): void {
    if (this.#observed === undefined || !isDeepStrictEqual(lease.spec, this.#observed.spec))
      this.#observedAt = this.#clock.monotonic();
    this.#observed = lease;
  }

  #isExpired(spec: LeaseSpec): boolean {
    const durationMs = spec.leaseDurationSeconds === undefined ? this.#durationMs : spec.leaseDurationSeconds * 1000;
    return this.#clock.monotonic() - this.#observedAt > durationMs;
  }

  #tellLeader({ onNewLeader }: LeaderCallbacks): void {
    if (this.leader === this.#toldLeader) return;
    this.#toldLeader = this.leader;
    if (this.leader !== '') onNewLeader?.(this.leader);
  }

  /** Empties the holder, so that the next candidate need not wait; after a failure it has to wait. */
  async #release(): Promise<void> {
    const { client, logger, namespace, name } = this.#options;
    const call = { timeoutMs: this.#retryMs };
    try {
      // The end of the work may have cut off the last renewal, so the stored Lease is read first.
      const found = await client.get(leases, namespace, name, call);
      if (found?.spec?.holderIdentity !== this.#options.identity) return;
      const now = microTime(this.#clock.now());
      const released = { holderIdentity: '', leaseDurationSeconds: 1, renewTime: now, acquireTime: now };
      this.#observe(await client.update(leases, { ...found, spec: { ...found.spec, ...released } }, call));
    } catch (error) {
      logger.warn({ key: name, err: error }, 'The lease could not be given back; it will expire.');
    }
  }
}
