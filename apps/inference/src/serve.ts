import { setTimeout as sleep } from 'node:timers/promises';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { PawlError } from '@pawl/shared/errors/pawl-error';
import { printBanner } from './banner.ts';
import { type Config, parseConfig } from './config/config.schema.ts';
import { createLogger } from './logging/logger.ts';
import { BundleSource } from './model/bundle-source.ts';
import { ModelService } from './model/model.service.ts';
import { OnnxModelBackend } from './model/onnx-model-backend.ts';

/** Longest that the start of a model may hold up the listener, ms. */
const MODEL_HEAD_START_MS = 200;

/**
 * Closes when told to stop: drain, then exit code 0; 1 when requests were still running at the deadline.
 * @param closing aborted when the listener is about to close; the deadline is reckoned from there.
 */
function closeOnSignal(
  app: NestExpressApplication,
  stop: AbortSignal,
  closing: AbortSignal,
  config: Config,
  logger: ReturnType<typeof createLogger>,
): void {
  const close = (): void => {
    const timeoutMs = config.DRAIN_TIMEOUT_MS;
    closing.addEventListener('abort', () => {
      setTimeout(() => {
        logger.error({ timeoutMs }, 'drain deadline passed with requests in flight');
        process.exit(1);
      }, timeoutMs).unref();
    });
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
  stop.addEventListener('abort', close);
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

/**
 * Runs the service until `stop` is aborted; ends the process then, with 0 if everything that it took on was answered.
 *
 * @throws PawlError CONFIG_INVALID and whatever keeps it from listening.
 */
export async function serve(stop: AbortSignal): Promise<void> {
  const config = parseConfig(process.env);
  const logger = createLogger(config.LOG_LEVEL);
  logger.info({}, 'starting');
  const model = new ModelService(config, new BundleSource(config), new OnnxModelBackend(config, logger), logger);
  // Loading Nest keeps this thread busy for a good part of the start. The workers load the model meanwhile, on their own
  // threads, if they are started before; a bundle that must be fetched first is not waited for.
  await Promise.race([model.start(), sleep(MODEL_HEAD_START_MS)]);
  const { createApp, DrainState } = await import('./create-app.ts');
  const app = await createApp(config, logger, model);
  if (stop.aborted) {
    // Told to end before anybody could be sent here.
    await model.onApplicationShutdown();
    logger.info({}, 'stopped');
    process.exit(0);
  }
  closeOnSignal(app, stop, app.get(DrainState).closing, config, logger);
  try {
    await listen(app, config);
  } catch (error) {
    // A thread that is cut off inside onnxruntime's loading aborts the process, with a core dump instead of the message.
    await model.onApplicationShutdown();
    throw error;
  }
  const url = await app.getUrl();
  logger.info({ url, startMs: Math.round(performance.now()) }, 'listening');
  if (config.BANNER) await printBanner(model, url.replace(/\/\/(127\.0\.0\.1|0\.0\.0\.0|\[::1?\])/, '//localhost'));
}
