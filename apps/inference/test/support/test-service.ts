import { readFile } from 'node:fs/promises';
import { anInputSpec } from '@pawl/test-kit/input-spec';
import { catPhoto } from '@pawl/test-kit/repository';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Bundle } from '@pawl/shared/bundle/open-bundle';
import type { Clock } from '@pawl/shared/concurrency/clock';
import type { Manifest } from '@pawl/shared/bundle/manifest';
import { sigmoid } from '@pawl/shared/execution/answer';
import { shareBytes } from '@pawl/shared/execution/share-bytes';
import { register } from 'prom-client';
import { createApp } from '../../src/create-app.ts';
import { parseConfig } from '../../src/config/config.schema.ts';
import { createLogger } from '../../src/logging/logger.ts';
import { ModelService } from '../../src/model/model.service.ts';
import { FakeModelBackend } from './fake-model-backend.ts';
import type { LogLine } from './start-service.ts';

/** A bundle of which nothing is on the disk: its one golden image is answered by {@link FakeModelBackend}'s default. */
export function aBundleWithoutFiles(change: Partial<Manifest> = {}): Bundle {
  const manifest: Manifest = {
    schemaVersion: 1,
    name: 'catdog',
    version: '1.2.3',
    labels: ['cat', 'dog'],
    model: 'model.onnx',
    input: anInputSpec(),
    output: { kind: 'binary-logit', name: 'logit', threshold: 0.5 },
    golden: {
      tolerance: 0.05,
      images: [{ file: 'golden/cat.jpg', label: 'cat', probabilities: { cat: 1 - sigmoid(-3), dog: sigmoid(-3) } }],
    },
    metrics: {},
    lineage: {},
    files: [],
    ...change,
  };
  return {
    directory: '/nowhere',
    manifest,
    digest: `sha256:${'ab'.repeat(32)}`,
    path: () => catPhoto,
    read: async () => new Uint8Array(await readFile(catPhoto)),
    readShared: async () => shareBytes(await readFile(catPhoto)),
  };
}

/** The real service over real HTTP, with the doubles behind its two ports. */
export interface TestService {
  readonly url: string;
  readonly app: NestExpressApplication;
  readonly backend: FakeModelBackend;
  readonly log: readonly LogLine[];
  readonly model: ModelService;
}

/** What a test may decide before the service starts. */
export interface TestServiceOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Where the bundle comes from; by default {@link aBundleWithoutFiles} at once. */
  readonly open?: () => Promise<Bundle>;
  readonly backend?: FakeModelBackend;
  /** By which the model's retries wait. */
  readonly clock?: Clock;
}

/** Starts it on a free port of the loopback. */
export async function startTestService(options: TestServiceOptions = {}): Promise<TestService> {
  register.clear();
  const config = parseConfig({ MODEL_URI: 'file:///fake', DRAIN_DELAY_MS: '0', LOG_LEVEL: 'debug', ...options.env });
  const log: LogLine[] = [];
  const logger = createLogger(config.LOG_LEVEL, { write: (line) => log.push(JSON.parse(line) as LogLine) });
  const backend = options.backend ?? new FakeModelBackend();
  const source = { open: options.open ?? (() => Promise.resolve(aBundleWithoutFiles())) };
  const model = new ModelService(config, source, backend, logger, options.clock);
  await model.start();
  const app = await createApp(config, logger, model);
  await app.listen(0, '127.0.0.1');
  await model.settled;
  return { url: await app.getUrl(), app, backend, log, model };
}
