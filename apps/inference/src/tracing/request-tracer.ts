import type { IncomingHttpHeaders } from 'node:http';
import type { RequestTrace } from '../observation/request-trace.ts';

/** Begins the traces of requests. */
export abstract class RequestTracer {
  /**
   * Begins the trace of a request, below the caller's where its `traceparent` names one (W3C Trace Context).
   * @param arrivedAt milliseconds of `performance.now()`.
   * @returns undefined where the request is not sampled: by the caller's word, or by chance where there is none.
   */
  abstract begin(headers: IncomingHttpHeaders, arrivedAt: number): RequestTrace | undefined;
}

/** Traces are off. */
export class NoTracer extends RequestTracer {
  override begin(): undefined {
    return undefined;
  }
}
