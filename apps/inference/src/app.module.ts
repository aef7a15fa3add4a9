import { type DynamicModule, Module } from '@nestjs/common';
import { ConfigModule } from './config/config.module.ts';
import type { Config } from './config/config.schema.ts';
import { HttpModule } from './http/http.module.ts';
import type { Logger } from './logging/logger.ts';
import { MetricsModule } from './metrics/metrics.module.ts';
import { ModelModule } from './model/model.module.ts';
import type { ModelService } from './model/model.service.ts';
import { ObserversModule } from './observers.module.ts';
import { WebModule } from './web/web.module.ts';

/** The whole service. */
@Module({})
export class AppModule {
  /** @param modelService the model, which is already loading. */
  static register(config: Config, logger: Logger, modelService: ModelService): DynamicModule {
    const model = ModelModule.register(modelService);
    return {
      module: AppModule,
      imports: [
        ConfigModule.register(config, logger),
        MetricsModule.register(modelService),
        HttpModule.register(model, ObserversModule.register(model)),
        WebModule,
      ],
    };
  }
}
