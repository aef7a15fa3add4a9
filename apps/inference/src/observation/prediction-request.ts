import type { RequestTrace } from './request-trace.ts';

/** What those who classify and observe know of the request that a picture came with. */
export interface PredictionRequest {
  /** Names the request in the log and in error bodies; the pictures of a batch share it. */
  readonly id: string;
  /** Aborted when the client closed the connection before the answer was written. */
  readonly gone: AbortSignal;
  /** Absent while traces are off, and for a request that is not sampled. */
  readonly trace?: RequestTrace | undefined;
}
