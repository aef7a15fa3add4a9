import type { NestExpressApplication } from '@nestjs/platform-express';
import { PawlError } from '@pawl/shared/errors/pawl-error';
import { printBanner } from './banner.ts';
import { type Config, parseConfig } from './config/config.schema.ts';
import { createApp } from './create-app.ts';
import { createLogger } from './logging/logger.ts';

/** Closes on SIGTERM and SIGINT: drain, then exit code 0; 1 when requests were still running at the deadline. */
function closeOnSignal(app: NestExpressApplication, config: Config, logger: ReturnType<typeof createLogger>): void {
  let isClosing = false;
  const close = (): void => {
    // Terminals and npm deliver one Ctrl-C twice: a second signal must not cut off what the first one waits for.
    // Whoever cannot wait has SIGKILL.
    if (isClosing) return;
    isClosing = true;
    const deadline = config.DRAIN_DELAY_MS + config.DRAIN_TIMEOUT_MS;
    setTimeout(() => {
      logger.error({ deadline }, 'drain deadline passed with requests in flight');
      process.exit(1);
    }, deadline).unref();
    app.close().then(
      () => {
        logger.info({}, 'stopped');
        process.exit(0);
      },
      (err: unknown) => {
        logger.error({ err }, 'stopping failed');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', close);
  process.on('SIGINT', close);
}

/** @throws PawlError CONFIG_INVALID when the address cannot be had: the reader needs the setting, not a stack. */
async function listen(app: NestExpressApplication, { HOST, PORT }: Config): Promise<void> {
  try {
    await app.listen(PORT, HOST);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new PawlError('CONFIG_INVALID', {
      message: `HOST=${HOST} PORT=${PORT}: cannot listen there (${why}).`,
      cause,
    });
  }
}

async function main(): Promise<void> {
  const config = parseConfig(process.env);
  const logger = createLogger(config.LOG_LEVEL);
  const app = await createApp(config, logger);
  closeOnSignal(app, config, logger);
  await listen(app, config);
  const url = await app.getUrl();
  logger.info({ url, startMs: Math.round(performance.now()) }, 'listening');
  if (config.BANNER) await printBanner(app, url.replace(/\/\/(127\.0\.0\.1|0\.0\.0\.0|\[::1?\])/, '//localhost'));
}

main().catch((error: unknown) => {
  // Before the logger exists, and for the reader of a terminal: words, not JSON.
  console.error(error instanceof PawlError ? `${error.code}: ${error.message}\n${error.hint}` : error);
  process.exit(1);
});
