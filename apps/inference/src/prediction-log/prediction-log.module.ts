import { Module } from '@nestjs/common';
import { PredictionLog } from './prediction-log.ts';

/** The log of predictions, off by default. */
@Module({ providers: [PredictionLog], exports: [PredictionLog] })
export class PredictionLogModule {}
