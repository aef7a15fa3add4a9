import type { ServerResponse } from 'node:http';
import { Controller, Get, Res } from '@nestjs/common';
import { ModelService } from '../model/model.service.ts';
import { DrainState } from './drain-state.ts';
import type { Health, Liveness, Readiness } from './health.schema.ts';

/** The probes. Liveness says nothing about the bundle: restarting a pod does not repair a bad one. */
@Controller()
export class HealthController {
  readonly #model: ModelService;
  readonly #drain: DrainState;

  constructor(model: ModelService, drain: DrainState) {
    this.#model = model;
    this.#drain = drain;
  }

  /** For people and smoke tests: 200 also while no model is loaded. */
  @Get('health')
  health(): Health {
    return { status: 'ok', model_loaded: this.#model.served !== undefined };
  }

  /** 200 while the event loop turns and the process can recover by itself from what may happen to it. */
  @Get('livez')
  livez(@Res({ passthrough: true }) response: ServerResponse): Liveness {
    const reason = this.#model.stuckReason;
    if (reason === undefined) return { status: 'ok' };
    response.statusCode = 503;
    return { status: 'stuck', reason };
  }

  /** 200 when the model is verified, warm, answers its golden images as expected, and the process is not draining. */
  @Get('readyz')
  readyz(@Res({ passthrough: true }) response: ServerResponse): Readiness {
    const readiness = this.#readiness();
    response.statusCode = readiness.ready ? 200 : 503;
    return readiness;
  }

  #readiness(): Readiness {
    const { state, served, name } = this.#model;
    const common = { state: state.name, ...(name !== undefined && { model: name }) };
    if (this.#drain.draining) return { ...common, ready: false, reason: 'The service is shutting down.' };
    const stuck = this.#model.stuckReason;
    if (stuck !== undefined)
      return { ...common, ready: false, reason: `The process cannot recover and ends: ${stuck}.` };
    if (served !== undefined)
      return {
        ...common,
        ready: true,
        version: served.manifest.version,
        digest: served.digest,
        ...(Object.keys(served.manifest.lineage).length > 0 && { lineage: served.manifest.lineage }),
        golden_difference: served.golden.largestDifference,
      };
    const error = state.name === 'failed' ? state.error : state.name === 'loading' ? state.lastError : undefined;
    return {
      ...common,
      ready: false,
      reason: error?.message ?? this.#model.whyNotReady,
      ...(error === undefined ? {} : { code: error.code }),
    };
  }
}
