import { type DynamicModule, Module } from '@nestjs/common';
import { PrometheusModule } from '@willsoto/nestjs-prometheus';
import { MetricFactory } from './metric-factory.ts';

/** The Prometheus registry of the process and `GET /metrics`; every module may declare its metrics with {@link MetricFactory}. */
@Module({})
export class MetricsModule {
  /** @param model whose name prefixes every metric of the service, as soon as it is known. */
  static register(model: { readonly name: string | undefined; readonly named: Promise<string> }): DynamicModule {
    const factory = new MetricFactory(model.name);
    void model.named.then((name) => {
      factory.nameModel(name);
    });
    return {
      module: MetricsModule,
      global: true,
      imports: [PrometheusModule.register({ path: '/metrics', defaultMetrics: { enabled: true } })],
      providers: [{ provide: MetricFactory, useValue: factory }],
      exports: [MetricFactory],
    };
  }
}
