import { type DynamicModule, Module } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { FeedbackModule } from '../feedback/feedback.module.ts';
import { HealthModule } from '../health/health.module.ts';
import { PredictionModule } from '../prediction/prediction.module.ts';
import { TracingModule } from '../tracing/tracing.module.ts';
import { ErrorFilter } from './error.filter.ts';
import { FeedbackController } from './feedback.controller.ts';
import { OpenApiController } from './openapi.controller.ts';
import { PredictController } from './predict.controller.ts';
import { RequestMiddleware } from './request.middleware.ts';
import { UploadReader } from './upload/upload-reader.ts';

/** The edge: routes, uploads, errors, ids, one log line and the metrics of every request. */
@Module({ controllers: [PredictController, FeedbackController, OpenApiController] })
export class HttpModule {
  /** @param model the registered module. @param observers who is told of predictions, registered. */
  static register(model: DynamicModule, observers: DynamicModule): DynamicModule {
    const prediction = PredictionModule.register([model, observers]);
    return {
      module: HttpModule,
      imports: [
        model,
        TracingModule,
        prediction,
        FeedbackModule.register([model, prediction]),
        HealthModule.register(model),
      ],
      providers: [UploadReader, RequestMiddleware, { provide: APP_FILTER, useClass: ErrorFilter }],
    };
  }
}
