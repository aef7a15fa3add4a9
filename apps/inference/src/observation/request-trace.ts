/** A part of the work on one picture, with the times at which it began and ended, milliseconds of `performance.now()`. */
export interface TracedStage {
  readonly name: 'queue' | 'decode' | 'infer';
  readonly begin: number;
  readonly end: number;
  readonly attributes?: Readonly<Record<string, string | number>> | undefined;
}

/** What became of a request. */
export interface RequestOutcome {
  readonly method: string;
  /** The template of the route, never the URL. */
  readonly route: string;
  readonly status: number;
  /** Error code of the answer. */
  readonly error?: string | undefined;
}

/** The trace of one request, which is sampled. No method throws. */
export interface RequestTrace {
  /** 32 hex digits (W3C Trace Context). */
  readonly traceId: string;
  /** Tells of a stage that has ended. */
  stage(stage: TracedStage): void;
  /** Tells that the request is answered, now; nothing is told afterwards. */
  end(outcome: RequestOutcome): void;
}
