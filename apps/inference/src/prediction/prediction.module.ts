import { type DynamicModule, Module } from '@nestjs/common';
import { CONFIG } from '../config/config.module.ts';
import type { Config } from '../config/config.schema.ts';
import { PreprocessingModule } from '../preprocessing/preprocessing.module.ts';
import { PredictionIds } from './prediction-id.ts';
import { PredictionService } from './prediction.service.ts';

/** From the bytes of an image to an answer. */
@Module({
  imports: [PreprocessingModule],
  providers: [
    PredictionService,
    {
      provide: PredictionIds,
      inject: [CONFIG],
      useFactory: (config: Config) => new PredictionIds(config.PREDICTION_ID_KEY, config.PREDICTION_ID_OLD_KEYS),
    },
  ],
  exports: [PredictionService, PredictionIds],
})
export class PredictionModule {
  /** @param imports the registered modules of the model and of those who are told of predictions. */
  static register(imports: DynamicModule[]): DynamicModule {
    return { module: PredictionModule, imports };
  }
}
