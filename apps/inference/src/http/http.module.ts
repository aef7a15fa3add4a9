import { type DynamicModule, Module } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { HealthModule } from '../health/health.module.ts';
import { PredictionModule } from '../prediction/prediction.module.ts';
import { ErrorFilter } from './error.filter.ts';
import { PredictController } from './predict.controller.ts';
import { RequestMiddleware } from './request.middleware.ts';
import { UploadReader } from './upload/upload-reader.ts';

/** The edge: routes, uploads, errors, ids, one log line and the metrics of every request. */
@Module({ imports: [HealthModule], controllers: [PredictController] })
export class HttpModule {
  /** @param metrics the registered metrics module: its names depend on the model. */
  static register(metrics: DynamicModule): DynamicModule {
    return {
      module: HttpModule,
      imports: [metrics, PredictionModule.register(metrics)],
      providers: [UploadReader, RequestMiddleware, { provide: APP_FILTER, useClass: ErrorFilter }],
    };
  }
}
