import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { AppModule } from './app.module.ts';
import type { Config } from './config/config.schema.ts';
import { serveDocs } from './http/docs.ts';
import { configureServer } from './http/server.ts';
import { createLogger, NestLogger } from './logging/logger.ts';
import { ModelService } from './model/model.service.ts';

/** Builds the service without listening. */
export async function createApp(
  config: Config,
  logger = createLogger(config.LOG_LEVEL),
): Promise<NestExpressApplication> {
  const app = await NestFactory.create<NestExpressApplication>(AppModule.register(config, logger), {
    logger: new NestLogger(logger),
    // Routes read their own bodies; nothing else has one.
    bodyParser: false,
    abortOnError: false,
  });
  configureServer(app, config);
  const model = app.get(ModelService);
  serveDocs(app, () => model.served?.manifest.labels ?? ['cat', 'dog']);
  return app;
}
