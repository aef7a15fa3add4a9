import type { IncomingMessage } from 'node:http';
import type { PredictionRequest } from '../observation/prediction-request.ts';

/** What the HTTP layer knows about a request, apart from the request itself. */
export interface RequestContext extends PredictionRequest {
  /** Fields that the handler adds to the request's log line. */
  readonly log: RequestLog;
}

/** Fields of the one log line of a request. */
interface RequestLog {
  label?: string;
  confidence?: number;
  /** Whether the model abstained; only of models that can. */
  abstained?: boolean;
  /** File name as sent, made safe. */
  file?: string;
  /** Images of a batch. */
  images?: number;
  /** What became of the entries of feedback. */
  counted?: number;
  duplicates?: number;
  refused?: number;
  /** Error code of the answer. */
  error?: string;
  /** Cause of an error: for developers, not for clients. */
  cause?: unknown;
}

const contexts = new WeakMap<IncomingMessage, RequestContext>();

/** Remembers the context; the middleware does this once a request. */
export function setRequestContext(request: IncomingMessage, context: RequestContext): void {
  contexts.set(request, context);
}

/** The context that the middleware made. */
export function requestContext(request: IncomingMessage): RequestContext {
  const context = contexts.get(request);
  if (context === undefined) throw new Error('the request-context middleware did not run for this request');
  return context;
}
