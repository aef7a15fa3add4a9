import { type DynamicModule, Module } from '@nestjs/common';
import { DriftModule } from './drift/drift.module.ts';
import { DriftObserver } from './drift/drift-observer.ts';
import { PREDICTION_OBSERVERS, type PredictionObserver } from './observation/prediction-event.ts';
import { PredictionMetrics } from './observation/prediction-metrics.ts';
import { PredictionLogModule } from './prediction-log/prediction-log.module.ts';
import { PredictionLog } from './prediction-log/prediction-log.ts';
import { TraceObserver } from './tracing/trace-observer.ts';
import { TracingModule } from './tracing/tracing.module.ts';

/** Everybody who is told of predictions. */
@Module({})
export class ObserversModule {
  /** @param model the registered model module. */
  static register(model: DynamicModule): DynamicModule {
    return {
      module: ObserversModule,
      imports: [DriftModule.register(model), PredictionLogModule, TracingModule],
      providers: [
        PredictionMetrics,
        {
          provide: PREDICTION_OBSERVERS,
          inject: [PredictionMetrics, DriftObserver, PredictionLog, TraceObserver],
          useFactory: (...observers: PredictionObserver[]) => observers,
        },
      ],
      exports: [PREDICTION_OBSERVERS],
    };
  }
}
