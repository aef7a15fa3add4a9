import { Inject, Injectable } from '@nestjs/common';
import type { Manifest } from '@pawl/shared/bundle/manifest';
import type { Clock } from '@pawl/shared/concurrency/clock';
import { type AccuracyAtRelease, accuracyAtRelease } from '@pawl/shared/drift/accuracy-at-release';
import { accuracyChange, AccuracyWatch } from '@pawl/shared/drift/accuracy-watch';
import type { ShareInterval } from '@pawl/shared/statistics/share-interval';
import { CLOCK } from '../config/config.module.ts';
import { type GaugeReading, MetricFactory } from '../metrics/metric-factory.ts';
import { ModelService } from '../model/model.service.ts';

/** Confidence of the interval of the accuracy at release. */
const RELEASE_LEVEL = 0.99;

/** What is watched of one version. */
interface Watch {
  readonly version: string;
  readonly release: AccuracyAtRelease;
  readonly watch: AccuracyWatch;
}

/**
 * How far the accuracy of the served version is from what its manifest says. Like is compared with like: the manifest's figure
 * is of pictures of the labels, by the nearest label; so is what is counted here, whether or not the model abstained.
 */
@Injectable()
export class AccuracyMetrics {
  readonly #model: ModelService;
  readonly #clock: Clock;
  #manifest: Manifest | undefined;
  #watch: Watch | undefined;

  constructor(metrics: MetricFactory, model: ModelService, @Inject(CLOCK) clock: Clock) {
    this.#model = model;
    this.#clock = clock;
    metrics.observed(
      {
        suffix: 'accuracy_at_release',
        help: 'Accuracy of the served version as its manifest says.',
        labels: ['version'],
      },
      () => this.#read(({ release }) => release.accuracy),
    );
    metrics.observed(
      {
        suffix: 'accuracy_change_lower_bound',
        help: 'Lower bound of the accuracy now, by feedback, minus that at release: it has risen for certain where above 0.',
        labels: ['version'],
      },
      () => this.#read((watch) => changeOf(watch).lower),
    );
    metrics.observed(
      {
        suffix: 'accuracy_change_upper_bound',
        help: 'Upper bound of the accuracy now, by feedback, minus that at release: it has fallen for certain where below 0.',
        labels: ['version'],
      },
      () => this.#read((watch) => changeOf(watch).upper),
    );
  }

  /** Counts feedback of a picture of one of the labels. @param isRight whether the nearest label was the true one. */
  counted(version: string, isRight: boolean): void {
    const now = this.#now();
    if (now?.version === version) now.watch.observe(isRight);
  }

  /** No line while no model serves, or where its manifest has no accuracy. */
  #read(valueOf: (watch: Watch) => number): readonly GaugeReading[] {
    const now = this.#now();
    return now === undefined ? [] : [{ labels: { version: now.version }, value: valueOf(now) }];
  }

  /** A process serves one bundle for its life; its manifest is known when that is ready. */
  #now(): Watch | undefined {
    const manifest = this.#model.served?.manifest;
    if (manifest === undefined || manifest === this.#manifest) return this.#watch;
    this.#manifest = manifest;
    const release = accuracyAtRelease(manifest, RELEASE_LEVEL);
    this.#watch =
      release === undefined
        ? undefined
        : {
            version: manifest.version,
            release,
            watch: new AccuracyWatch(release.accuracy, () => this.#clock.monotonic()),
          };
    return this.#watch;
  }
}

const changeOf = ({ watch, release }: Watch): ShareInterval => accuracyChange(watch.bounds(), release.interval);
