/**
 * The init container of a serving pod: brings the bundle of `MODEL_URI` into `MODEL_CACHE_DIR`, verified, so that the
 * service opens `file://<cache>/sha256-<hex>` and never waits for a store. The reason of a failure is in the
 * container's termination message, where `kubectl describe pod` and the controller read it.
 */
import { writeFileSync } from 'node:fs';
import { parseBundleUri } from '@pawl/shared/bundle/bundle-uri';
import { sizeOfFiles } from '@pawl/shared/bundle/manifest';
import { PawlError } from '@pawl/shared/errors/pawl-error';
import { type Config, parseConfig } from './config/config.schema.ts';
import { createLogger, type Logger } from './logging/logger.ts';
import { fetchToCache, pruneCache } from './model/model-cache.ts';

/** Where Kubernetes reads why a container ended. */
const TERMINATION_LOG = process.env['TERMINATION_LOG'] ?? '/dev/termination-log';

/**
 * `MODEL_CACHE_KEEP`, which only this program reads: how many bundles stay in a shared cache; undefined: all.
 * @throws PawlError CONFIG_INVALID.
 */
function parseKeep(value: string | undefined): number | undefined {
  if (value === undefined || value === '') return undefined;
  if (/^[1-9]\d{0,3}$/.test(value)) return Number(value);
  const message = `MODEL_CACHE_KEEP=${JSON.stringify(value)}: expected a whole number from 1 to 9999.`;
  throw new PawlError('CONFIG_INVALID', { message });
}

async function fetchModel(config: Config, keep: number | undefined, logger: Logger): Promise<void> {
  const begin = performance.now();
  const uri = config.MODEL_URI;
  if (uri === undefined) {
    logger.info({ code: 'NO_MODEL' }, 'no model is configured yet: MODEL_URI is not set');
    return;
  }
  const { kind, display } = parseBundleUri(uri, { allowHttp: true });
  if (kind === 'file') {
    logger.info({ code: 'MOUNTED', uri: display }, 'nothing to fetch: the bundle is mounted');
    return;
  }
  // Process 1 of a container gets only the signals that it listens to.
  const stop = new AbortController();
  process.once('SIGTERM', () => {
    stop.abort(new PawlError('BUNDLE_STORE_UNREACHABLE', { message: 'the pod was stopped while it fetched' }));
  });
  const { bundle, cached } = await fetchToCache(uri, config, logger, stop.signal);
  const pruned = keep === undefined ? [] : await pruneCache(config.MODEL_CACHE_DIR, keep, bundle, logger);
  const { name, version, files } = bundle.manifest;
  logger.info(
    {
      code: cached ? 'CACHED' : 'FETCHED',
      seconds: Number(((performance.now() - begin) / 1000).toFixed(3)),
      model: name,
      version,
      digest: bundle.digest,
      bytes: sizeOfFiles(files),
      uri: display,
      ...(pruned.length === 0 ? {} : { pruned }),
    },
    cached ? 'model found in the cache' : 'model fetched',
  );
}

/** Kubernetes shows at most 4,096 bytes of it. */
function writeTerminationMessage(message: string): void {
  try {
    writeFileSync(TERMINATION_LOG, message.slice(0, 2048));
  } catch {
    // Outside Kubernetes there is no such file; the log has the same words.
  }
}

const logger = createLogger('info');
try {
  await fetchModel(parseConfig(process.env), parseKeep(process.env['MODEL_CACHE_KEEP']), logger);
} catch (cause) {
  const error =
    cause instanceof PawlError
      ? cause
      : new PawlError('INTERNAL', { message: cause instanceof Error ? cause.message : String(cause), cause });
  logger.error({ code: error.code, hint: error.hint, cause: error.cause }, `model fetch failed | ${error.message}`);
  writeTerminationMessage(`${error.code}: ${error.message}`);
  process.exitCode = 1;
}
