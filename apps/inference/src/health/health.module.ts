import { Module } from '@nestjs/common';
import { ModelModule } from '../model/model.module.ts';
import { DrainState } from './drain-state.ts';
import { HealthController } from './health.controller.ts';

/** Probes and the order of going away. */
@Module({
  imports: [ModelModule],
  controllers: [HealthController],
  providers: [DrainState],
  exports: [DrainState],
})
export class HealthModule {}
