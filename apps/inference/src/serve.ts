import type { INestApplication } from '@nestjs/common';
import { sleep, systemClock, type Clock } from '@pawl/shared/concurrency/clock';
import { inBackground } from '@pawl/shared/concurrency/in-background';
import { PawlError } from '@pawl/shared/errors/pawl-error';
import { printBanner } from './banner.ts';
import { type Config, parseConfig } from './config/config.schema.ts';
import { createLogger, type Logger } from './logging/logger.ts';
import { BundleSource } from './model/bundle-source.ts';
import { ModelService } from './model/model.service.ts';
import { OnnxModelBackend } from './model/onnx-model-backend.ts';

/** Longest time that the start of a model may delay the listener, ms. */
const MODEL_HEAD_START_MS = 200;
/** Time in which a process that cannot recover fails its probes and answers what it still can, ms. */
const STUCK_GRACE_MS = 5_000;

/**
 * Ends the process although a thread of it is inside native code for good: `process.exit` waits for every thread. The first
 * process of a container takes no SIGKILL from inside, and ends by the fault that abort(3) raises then.
 */
function endHard(): never {
  process.kill(process.pid, 'SIGKILL');
  process.abort();
}

/** The part of the app that starts and stops it. */
export interface ServedApp extends Pick<INestApplication, 'getUrl' | 'close'> {
  listen(port: number, host: string): Promise<unknown>;
}

/** The app, and the moment at which its listener is about to close. */
interface BuiltApp {
  readonly app: ServedApp;
  /** Aborted when draining is over; the deadline for requests in flight is counted from there. */
  readonly closing: AbortSignal;
}

/** The program's connection to the outside; tests give their own. */
export interface ServePorts {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  /** Milliseconds since the process began. */
  readonly uptimeMs: () => number;
  /** Ends the process with a code; it does not return. It waits for every thread, so none may hang. */
  readonly exit: (code: number) => void;
  /** Ends the process by a signal, whatever its threads do; it does not return. */
  readonly endHard: () => void;
  readonly createLogger: (level: string) => Logger;
  readonly createModel: (config: Config, logger: Logger) => ModelService;
  /** Builds the service around the model, without listening. */
  readonly createApp: (config: Config, logger: Logger, model: ModelService) => Promise<BuiltApp>;
  /** Writes for the person at the terminal. */
  readonly tell: (text: string) => void;
}

/** The real process, network and clock. */
const processPorts: ServePorts = {
  env: process.env,
  clock: systemClock,
  uptimeMs: () => performance.now(),
  exit: (code) => {
    process.exit(code);
  },
  endHard,
  createLogger,
  createModel: (config, logger) =>
    new ModelService(config, new BundleSource(config), new OnnxModelBackend(config, logger), logger),
  createApp: async (config, logger, model) => {
    const { createApp, DrainState } = await import('./create-app.ts');
    const app = await createApp(config, logger, model);
    return { app, closing: app.get(DrainState).closing };
  },
  tell: (text) => {
    console.error(text);
  },
};

/**
 * Runs the service until `stop` is aborted, then ends the process: with 0 if every accepted request was answered, with
 * 1 if requests were still running at the deadline.
 *
 * @throws PawlError CONFIG_INVALID, also when it cannot listen.
 */
export async function serve(stop: AbortSignal, ports: ServePorts = processPorts): Promise<void> {
  const { clock, exit } = ports;
  const config = parseConfig(ports.env);
  const logger = ports.createLogger(config.LOG_LEVEL);
  logger.info({}, 'starting');
  const model = ports.createModel(config, logger);
  inBackground(
    model.stuck.then((reason) => {
      logger.fatal({ reason, endsInMs: STUCK_GRACE_MS }, 'the process cannot recover and ends');
      clock.schedule(STUCK_GRACE_MS, ports.endHard);
    }),
    ports.endHard,
  );
  await headStart(model, clock);
  const built = await ports.createApp(config, logger, model);
  if (stop.aborted) {
    // Stopped before any request could come.
    await model.onApplicationShutdown();
    logger.info({}, 'stopped');
    exit(0);
    return;
  }
  stop.addEventListener('abort', () => {
    inBackground(close(built, model, config, logger, ports), (err) => {
      logger.error({ err }, 'stopping failed');
      exit(1);
    });
  });
  try {
    await listen(built.app, config);
  } catch (error) {
    // A thread that is cut off inside onnxruntime's loading aborts the process, with a core dump instead of the message.
    await model.onApplicationShutdown();
    throw error;
  }
  const url = await built.app.getUrl();
  logger.info({ url, startMs: Math.round(ports.uptimeMs()) }, 'listening');
  if (config.BANNER)
    await printBanner(model, url.replace(/\/\/(127\.0\.0\.1|0\.0\.0\.0|\[::1?\])/, '//localhost'), ports.tell);
}

/**
 * Loading Nest keeps this thread busy for much of the start. Workers that are started before load the model meanwhile,
 * on their own threads; a bundle that must be fetched first is not waited for.
 */
async function headStart(model: ModelService, clock: Clock): Promise<void> {
  const firstStepOver = new AbortController();
  const begun = model.start().then(() => {
    firstStepOver.abort();
  });
  await Promise.race([begun, sleep(clock, MODEL_HEAD_START_MS, firstStepOver.signal)]);
}

/** Drains, closes and ends the process. */
async function close(
  { app, closing }: BuiltApp,
  model: ModelService,
  config: Config,
  logger: Logger,
  ports: ServePorts,
): Promise<void> {
  const timeoutMs = config.DRAIN_TIMEOUT_MS;
  closing.addEventListener('abort', () => {
    ports.clock.schedule(timeoutMs, () => {
      logger.error({ timeoutMs }, 'drain deadline passed with requests in flight');
      if (model.isBusy) ports.endHard();
      else ports.exit(1);
    });
  });
  await app.close();
  // A thread that hangs was told as stuck meanwhile, and this would wait for it.
  if (model.stuckReason !== undefined) {
    ports.endHard();
    return;
  }
  logger.info({}, 'stopped');
  ports.exit(0);
}

/** @throws PawlError CONFIG_INVALID when the address cannot be used: the reader needs the setting, not a stack. */
async function listen(app: ServedApp, { HOST, PORT }: Config): Promise<void> {
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
