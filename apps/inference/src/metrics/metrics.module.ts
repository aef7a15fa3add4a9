import { type DynamicModule, Module } from '@nestjs/common';
import { PrometheusModule } from '@willsoto/nestjs-prometheus';
import { MetricFactory } from './metric-factory.ts';

/** The Prometheus registry of the process and `GET /metrics`; every module may declare its metrics with {@link MetricFactory}. */
@Module({})
export class MetricsModule {
  /** @param name name of the model, which prefixes every metric of the service. */
  static register(name: string): DynamicModule {
    return {
      module: MetricsModule,
      global: true,
      imports: [PrometheusModule.register({ path: '/metrics', defaultMetrics: { enabled: true } })],
      providers: [{ provide: MetricFactory, useValue: new MetricFactory(name) }],
      exports: [MetricFactory],
    };
  }
}
