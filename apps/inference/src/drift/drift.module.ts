import { type DynamicModule, Module } from '@nestjs/common';
import { DriftObserver } from './drift-observer.ts';

/** Compares what is asked and answered with the reference statistics of the bundle. */
@Module({})
export class DriftModule {
  /** @param model the registered model module. */
  static register(model: DynamicModule): DynamicModule {
    return { module: DriftModule, imports: [model], providers: [DriftObserver], exports: [DriftObserver] };
  }
}
