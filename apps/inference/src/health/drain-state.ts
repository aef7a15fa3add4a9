import { setTimeout as sleep } from 'node:timers/promises';
import { type BeforeApplicationShutdown, Inject, Injectable } from '@nestjs/common';
import { CONFIG } from '../config/config.module.ts';
import type { Config } from '../config/config.schema.ts';
import { Logger } from '../logging/logger.ts';

/**
 * Whether the process is going away. Readiness falls first; then requests are still answered while the endpoints
 * propagate (DRAIN_DELAY_MS); only then does Nest close the listener, and the model is released last.
 */
@Injectable()
export class DrainState implements BeforeApplicationShutdown {
  readonly #config: Config;
  readonly #logger: Logger;
  readonly #started = new AbortController();

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

  async beforeApplicationShutdown(): Promise<void> {
    this.#logger.info(
      { delayMs: this.#config.DRAIN_DELAY_MS },
      'draining: readiness fails, requests are still answered',
    );
    this.#started.abort();
    await sleep(this.#config.DRAIN_DELAY_MS);
  }
}
