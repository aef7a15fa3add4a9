import { systemClock, type Clock } from '@pawl/shared/concurrency/clock';
import { PawlError } from '@pawl/shared/errors/pawl-error';

/** What one client may do; 0: as much as it likes. */
export interface ClientLimitOptions {
  /** Connections at once. */
  readonly maxConnections: number;
  /** Requests at once, over all its connections. */
  readonly maxRequests: number;
  /** Bytes sent to this service a second, averaged over {@link BURST_SECONDS}. */
  readonly maxBytesPerSecond: number;
}

/** Seconds of its rate that a client may use at once: one photograph is a burst. */
const BURST_SECONDS = 10;
/** Clients that are remembered before those that do nothing are looked for. */
const SWEEP_AT = 10_000;

/** What is known of one client. */
interface ClientState {
  connections: number;
  requests: number;
  /** Bytes that it may send without waiting; negative after a large upload. */
  allowance: number;
  /** Monotonic ms at which `allowance` was right. */
  at: number;
}

/** Counts connections, requests and bytes of each client, by a key such as its address, and refuses what is too much. */
export class ClientLimits {
  readonly #options: ClientLimitOptions;
  readonly #clock: Clock;
  readonly #clients = new Map<string, ClientState>();
  #sweepAt = SWEEP_AT;

  constructor(options: ClientLimitOptions, clock: Clock = systemClock) {
    this.#options = options;
    this.#clock = clock;
  }

  /** Clients that are remembered now. */
  get size(): number {
    return this.#clients.size;
  }

  /** Counts a connection. @returns whether the client may have it; {@link disconnected} must follow in any case. */
  connected(key: string): boolean {
    const client = this.#client(key);
    client.connections += 1;
    const { maxConnections } = this.#options;
    return maxConnections === 0 || client.connections <= maxConnections;
  }

  /** A connection of the client has ended. */
  disconnected(key: string): void {
    this.#client(key).connections -= 1;
  }

  /** The error of a connection too many. */
  tooManyConnections(): PawlError {
    return new PawlError('CLIENT_LIMITED', {
      message: `This client has more than ${this.#options.maxConnections} connections at once.`,
      hint: 'Close connections that are not needed, or send several requests over one.',
    });
  }

  /**
   * Counts a request; {@link finished} must follow unless this throws.
   * @throws PawlError CLIENT_LIMITED.
   */
  started(key: string): void {
    const { maxRequests, maxBytesPerSecond } = this.#options;
    const client = this.#client(key);
    if (maxRequests > 0 && client.requests >= maxRequests)
      throw new PawlError('CLIENT_LIMITED', { message: `This client has ${maxRequests} requests in flight already.` });
    if (maxBytesPerSecond > 0 && client.allowance <= 0)
      throw new PawlError('CLIENT_LIMITED', {
        message: `This client has sent more than ${maxBytesPerSecond} bytes a second.`,
      });
    client.requests += 1;
  }

  /** A request of the client is over. @param bytes that its connection has carried for it. */
  finished(key: string, bytes: number): void {
    const client = this.#client(key);
    client.requests -= 1;
    client.allowance -= bytes;
  }

  /** The client, with the allowance of now. */
  #client(key: string): ClientState {
    const now = this.#clock.monotonic();
    const full = this.#options.maxBytesPerSecond * BURST_SECONDS;
    let client = this.#clients.get(key);
    if (client === undefined) {
      if (this.#clients.size >= this.#sweepAt) this.#sweep(now);
      client = { connections: 0, requests: 0, allowance: full, at: now };
      this.#clients.set(key, client);
    }
    client.allowance = this.#allowance(client, now);
    client.at = now;
    return client;
  }

  #allowance({ allowance, at }: ClientState, now: number): number {
    const { maxBytesPerSecond } = this.#options;
    return Math.min(maxBytesPerSecond * BURST_SECONDS, allowance + ((now - at) / 1000) * maxBytesPerSecond);
  }

  /** Forgets clients that would start anew in the same state. */
  #sweep(now: number): void {
    const full = this.#options.maxBytesPerSecond * BURST_SECONDS;
    for (const [key, client] of this.#clients)
      if (client.connections === 0 && client.requests === 0 && this.#allowance(client, now) >= full)
        this.#clients.delete(key);
    this.#sweepAt = Math.max(SWEEP_AT, this.#clients.size * 2);
  }
}
