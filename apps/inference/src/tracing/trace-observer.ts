import { Injectable } from '@nestjs/common';
import type { PredictionEvent, PredictionObserver } from '../observation/prediction-event.ts';
import { stagesOf } from './stages-of.ts';

/** Adds the stages of a picture to the trace of its request. */
@Injectable()
export class TraceObserver implements PredictionObserver {
  classified(event: PredictionEvent): void {
    const { trace } = event.request;
    if (trace === undefined) return;
    for (const stage of stagesOf(event, performance.now())) trace.stage(stage);
  }
}
