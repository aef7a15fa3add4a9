import { Injectable } from '@nestjs/common';
import { MetricFactory } from '../metrics/metric-factory.ts';
import { ModelService } from './model.service.ts';

/** The gauges of the model and its workers, read at every scrape. */
@Injectable()
export class ModelMetrics {
  constructor(metrics: MetricFactory, model: ModelService) {
    metrics.observed(
      { suffix: 'queue_depth', help: 'Images that wait for a worker, or for the memory to be decoded in.', labels: [] },
      () => model.usage.queueDepth,
    );
    metrics.observed(
      { suffix: 'images_in_flight', help: 'Images that workers hold.', labels: [] },
      () => model.usage.inFlight,
    );
    metrics.observed(
      { suffix: 'workers_ready', help: 'Worker threads that take images.', labels: [] },
      () => model.usage.readyWorkers,
    );
    metrics.observed(
      { suffix: 'worker_deaths', help: 'Worker threads that died and were replaced.', labels: [] },
      () => model.usage.workerDeaths,
    );
    metrics.observed(
      { suffix: 'decoder_deaths', help: 'Processes that decode images which ended and were replaced.', labels: [] },
      () => model.usage.decoderDeaths,
    );
    metrics.observed(
      { suffix: 'model_ready', help: '1 while the model is verified, warm and answers as expected.', labels: [] },
      () => (model.served === undefined ? 0 : 1),
    );
    metrics.observed(
      {
        suffix: 'model_info',
        help: '1 for the model that is served, by version and bundle digest.',
        labels: ['version', 'digest'],
      },
      () => {
        const { served } = model;
        if (served === undefined) return [];
        return [{ labels: { version: served.manifest.version, digest: served.digest }, value: 1 }];
      },
    );
  }
}
