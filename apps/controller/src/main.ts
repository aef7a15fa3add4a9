import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { inspect } from 'node:util';
import { maskUris } from '@pawl/shared/errors/mask-uri';
import { PawlError } from '@pawl/shared/errors/pawl-error';
import { parseConfig } from './config.ts';
import { runController } from './controller.ts';
import { KubeClient } from '@pawl/shared/kubernetes/client';
import { createLogger } from './runtime/logger.ts';
import { Metrics } from './runtime/metrics.ts';

async function main(): Promise<void> {
  const config = parseConfig(process.env);
  const logger = createLogger(config.LOG_LEVEL);
  const metrics = new Metrics();
  const client = KubeClient.fromKubeconfig(
    { path: config.KUBECONFIG },
    { observer: metrics.api, userAgent: 'pawl-controller' },
  );
  const identity = `${config.POD_NAME ?? hostname()}_${randomUUID().slice(0, 8)}`;
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.on(signal, () => {
      logger.info({ signal }, 'stopping');
      stop.abort();
    });
  const ended = await runController({ config, client, logger, metrics, identity }, stop.signal);
  await client.close();
  logger.info({ ended }, 'stopped');
  // Another replica leads: this one must stop all its work.
  process.exit(ended === 'lost' ? 1 : 0);
}

main().catch((error: unknown) => {
  // For the reader of a terminal or of `kubectl logs`: words, not JSON.
  console.error(
    error instanceof PawlError ? `${error.code}: ${error.message}\n${error.hint}` : maskUris(inspect(error)),
  );
  process.exit(1);
});
