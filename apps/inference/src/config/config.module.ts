import { type DynamicModule, Global, Module } from '@nestjs/common';
import { systemClock } from '@pawl/shared/concurrency/clock';
import { Logger } from '../logging/logger.ts';
import type { Config } from './config.schema.ts';

/** Injection token of the parsed {@link Config}. */
export const CONFIG = Symbol('CONFIG');
/** Injection token of the `Clock` that durations are measured by. */
export const CLOCK = Symbol('CLOCK');

/** The configuration, the clock and the logger of the process, for every module: the only global module. */
@Global()
@Module({})
export class ConfigModule {
  static register(config: Config, logger: Logger): DynamicModule {
    return {
      module: ConfigModule,
      providers: [
        { provide: CONFIG, useValue: config },
        { provide: CLOCK, useValue: systemClock },
        { provide: Logger, useValue: logger },
      ],
      exports: [CONFIG, CLOCK, Logger],
    };
  }
}
