import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { AppModule } from './app.module.ts';
import type { Config } from './config/config.schema.ts';
import { DrainState } from './health/drain-state.ts';
import { configureServer } from './http/server.ts';
import { type Logger, NestLogger } from './logging/logger.ts';
import type { ModelService } from './model/model.service.ts';

/** What the program asks of the app by its class; loaded with Nest, which is why it is handed on from here. */
export { DrainState };

/** Builds the service around a model that is already on its way, without listening. */
export async function createApp(config: Config, logger: Logger, model: ModelService): Promise<NestExpressApplication> {
  const app = await NestFactory.create<NestExpressApplication>(AppModule.register(config, logger, model), {
    logger: new NestLogger(logger),
    // Routes read their own bodies; nothing else has one.
    bodyParser: false,
    abortOnError: false,
  });
  configureServer(app, config);
  return app;
}
