import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { AppModule } from './app.module.ts';
import type { Config } from './config/config.schema.ts';
import { DrainState } from './health/drain-state.ts';
import { configureServer } from './http/server.ts';
import { type Logger, NestLogger } from './logging/logger.ts';
import type { ModelService } from './model/model.service.ts';

/** The providers that the program asks the app for; exported here because they are loaded together with Nest. */
export { DrainState };

/** Builds the service around a model that is already loading, without listening. */
export async function createApp(config: Config, logger: Logger, model: ModelService): Promise<NestExpressApplication> {
  const app = await NestFactory.create<NestExpressApplication>(AppModule.register(config, logger, model), {
    logger: new NestLogger(logger),
    // Routes read their bodies themselves.
    bodyParser: false,
    abortOnError: false,
  });
  configureServer(app, config);
  return app;
}
