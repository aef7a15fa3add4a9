import { setTimeout as sleep } from 'node:timers/promises';
import { type BeforeApplicationShutdown, Inject, Injectable } from '@nestjs/common';
import { CONFIG } from '../config/config.module.ts';
import type { Config } from '../config/config.schema.ts';
import { Logger } from '../logging/logger.ts';
import { msToListen } from './quiet-period.ts';

/**
 * Whether the process is draining. Readiness fails first; requests are still answered until none has come for
 * DRAIN_DELAY_MS, see {@link msToListen}; only then does Nest close the listener, and the model is released last.
 */
@Injectable()
export class DrainState implements BeforeApplicationShutdown {
  readonly #config: Config;
  readonly #logger: Logger;
  readonly #started = new AbortController();
  readonly #closing = new AbortController();
  #requests = 0;
  #lastRequestAt = -Infinity;

  constructor(@Inject(CONFIG) config: Config, logger: Logger) {
    this.#config = config;
    this.#logger = logger;
  }

  /** True from the signal on. */
  get draining(): boolean {
    return this.#started.signal.aborted;
  }

  /** Aborted when draining starts. */
  get signal(): AbortSignal {
    return this.#started.signal;
  }

  /** Aborted when the listener is about to close: from here on, DRAIN_TIMEOUT_MS is left. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  /** Notes that a request arrived: a proxy in front still takes this process for an endpoint. */
  requestArrived(): void {
    this.#lastRequestAt = performance.now();
    if (this.draining) this.#requests += 1;
  }

  async beforeApplicationShutdown(): Promise<void> {
    const limits = { quietMs: this.#config.DRAIN_DELAY_MS, maxMs: this.#config.DRAIN_MAX_DELAY_MS };
    this.#logger.info(limits, 'draining: readiness fails, requests are still answered');
    const startedAt = performance.now();
    this.#started.abort();
    const left = (): number =>
      msToListen({ startedAt, lastRequestAt: this.#lastRequestAt, now: performance.now() }, limits);
    for (let ms = left(); ms > 0; ms = left()) await sleep(ms);
    const facts = { delayMs: Math.round(performance.now() - startedAt), requests: this.#requests };
    if (performance.now() - this.#lastRequestAt < limits.quietMs)
      this.#logger.warn(
        facts,
        'closing the listener although requests still come: the proxies seem to ignore readiness',
      );
    else this.#logger.info(facts, 'closing the listener');
    this.#closing.abort();
  }
}
