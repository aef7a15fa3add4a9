import { type DynamicModule, Module, type Provider } from '@nestjs/common';
import { inferenceMetrics as metrics, metricName } from '@pawl/shared/telemetry/metric-names';
import {
  getToken,
  makeCounterProvider,
  makeGaugeProvider,
  makeHistogramProvider,
  PrometheusModule,
} from '@willsoto/nestjs-prometheus';
import type { Counter, Gauge, Histogram } from 'prom-client';
import { ModelService } from '../model/model.service.ts';
import { Metrics } from './metrics.service.ts';

/** The Prometheus registry of the process and `GET /metrics`. */
@Module({})
export class MetricsModule {
  /**
   * @param name name of the model, which prefixes every metric of the service.
   * @param model the registered model module.
   */
  static register(name: string, model: DynamicModule): DynamicModule {
    const describe = (metric: { suffix: string; help: string; labels: readonly string[] }) => ({
      name: metricName(name, metric),
      help: metric.help,
      labelNames: [...metric.labels],
    });
    const counter = (metric: Parameters<typeof describe>[0]) => makeCounterProvider(describe(metric));
    const histogram = (metric: Parameters<typeof describe>[0] & { buckets: readonly number[] }) =>
      makeHistogramProvider({ ...describe(metric), buckets: [...metric.buckets] });
    /** A gauge read from the model at every scrape, so that it can never be stale. */
    const observed = (metric: Parameters<typeof describe>[0], read: (gauge: Gauge, service: ModelService) => void) =>
      makeGaugeProvider({
        ...describe(metric),
        inject: [ModelService],
        collect(this: Gauge, service: unknown) {
          read(this, service as ModelService);
        },
      });

    const observedGauges: Provider[] = [
      observed(metrics.queueDepth, (gauge, { usage }) => {
        gauge.set(usage.queueDepth);
      }),
      observed(metrics.imagesInFlight, (gauge, { usage }) => {
        gauge.set(usage.inFlight);
      }),
      observed(metrics.workersReady, (gauge, { usage }) => {
        gauge.set(usage.readyWorkers);
      }),
      observed(metrics.workerDeaths, (gauge, { usage }) => {
        gauge.set(usage.workerDeaths);
      }),
      observed(metrics.modelReady, (gauge, { served }) => {
        gauge.set(served === undefined ? 0 : 1);
      }),
      observed(metrics.modelInfo, (gauge, { served }) => {
        gauge.reset();
        if (served !== undefined) gauge.set({ version: served.manifest.version, digest: served.digest }, 1);
      }),
    ];

    const token = (metric: { suffix: string }) => getToken(metricName(name, metric));
    return {
      module: MetricsModule,
      imports: [PrometheusModule.register({ path: '/metrics', defaultMetrics: { enabled: true } }), model],
      providers: [
        counter(metrics.requestTotal),
        histogram(metrics.requestLatency),
        counter(metrics.predictionLabel),
        counter(metrics.abstained),
        counter(metrics.imageRefused),
        histogram(metrics.stageDuration),
        histogram(metrics.confidence),
        makeGaugeProvider(describe(metrics.uploadBytes)),
        ...observedGauges,
        {
          provide: Metrics,
          inject: [
            token(metrics.requestTotal),
            token(metrics.requestLatency),
            token(metrics.predictionLabel),
            token(metrics.abstained),
            token(metrics.imageRefused),
            token(metrics.stageDuration),
            token(metrics.confidence),
            token(metrics.uploadBytes),
            // Gauges that are only read at a scrape are named here so that the injector makes them.
            ...Object.values(metrics).map(token),
          ],
          useFactory: (
            requestTotal: Counter,
            requestLatency: Histogram,
            predictionLabel: Counter,
            abstained: Counter,
            imageRefused: Counter,
            stageDuration: Histogram,
            confidence: Histogram,
            uploadBytes: Gauge,
          ) =>
            new Metrics({
              requestTotal,
              requestLatency,
              predictionLabel,
              abstained,
              imageRefused,
              stageDuration,
              confidence,
              uploadBytes,
            }),
        },
      ],
      exports: [Metrics],
    };
  }
}
