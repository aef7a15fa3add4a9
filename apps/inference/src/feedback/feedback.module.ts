import { type DynamicModule, Module } from '@nestjs/common';
import { AccuracyMetrics } from './accuracy-metrics.ts';
import { FeedbackMetrics } from './feedback-metrics.ts';
import { FeedbackService } from './feedback.service.ts';

/** What became known of earlier predictions. */
@Module({ providers: [FeedbackService, FeedbackMetrics, AccuracyMetrics], exports: [FeedbackService] })
export class FeedbackModule {
  /** @param imports the registered modules of the model and of predictions. */
  static register(imports: DynamicModule[]): DynamicModule {
    return { module: FeedbackModule, imports };
  }
}
