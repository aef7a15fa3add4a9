import { type DynamicModule, Module } from '@nestjs/common';
import { CONFIG } from '../config/config.module.ts';
import type { Config } from '../config/config.schema.ts';
import { ModelModule } from '../model/model.module.ts';
import { PreprocessingModule } from '../preprocessing/preprocessing.module.ts';
import { PredictionIds } from './prediction-id.ts';
import { PredictionService } from './prediction.service.ts';

/** From the bytes of an image to an answer. */
@Module({
  imports: [ModelModule, PreprocessingModule],
  providers: [
    PredictionService,
    {
      provide: PredictionIds,
      inject: [CONFIG],
      useFactory: (config: Config) => new PredictionIds(config.PREDICTION_ID_KEY),
    },
  ],
  exports: [PredictionService],
})
export class PredictionModule {
  /** @param metrics the registered metrics module: its names depend on the model. */
  static register(metrics: DynamicModule): DynamicModule {
    return { module: PredictionModule, imports: [metrics] };
  }
}
