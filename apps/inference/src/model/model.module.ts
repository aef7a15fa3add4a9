import { type DynamicModule, Module } from '@nestjs/common';
import { ModelMetrics } from './model-metrics.ts';
import { ModelService } from './model.service.ts';

/** Provides the model that was started before Nest; Nest closes it last, after the listener. */
@Module({})
export class ModelModule {
  static register(model: ModelService): DynamicModule {
    return {
      module: ModelModule,
      providers: [{ provide: ModelService, useValue: model }, ModelMetrics],
      exports: [ModelService],
    };
  }
}
