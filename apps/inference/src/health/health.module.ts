import { type DynamicModule, Module } from '@nestjs/common';
import { DrainState } from './drain-state.ts';
import { HealthController } from './health.controller.ts';

/** Probes and the order of the shutdown. */
@Module({
  controllers: [HealthController],
  providers: [DrainState],
  exports: [DrainState],
})
export class HealthModule {
  /** @param model the registered model module. */
  static register(model: DynamicModule): DynamicModule {
    return { module: HealthModule, imports: [model] };
  }
}
