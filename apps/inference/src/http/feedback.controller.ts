import type { IncomingMessage, ServerResponse } from 'node:http';
import { All, Controller, HttpCode, Inject, Post, Req, Res } from '@nestjs/common';
import { PawlError } from '@pawl/shared/errors/pawl-error';
import type { Clock } from '@pawl/shared/concurrency/clock';
import { CLOCK, CONFIG } from '../config/config.module.ts';
import type { Config } from '../config/config.schema.ts';
import type { FeedbackResult } from '../feedback/feedback.schema.ts';
import { FeedbackService } from '../feedback/feedback.service.ts';
import { FeedbackTurns, type Pause } from '../feedback/feedback-turns.ts';
import { ModelService } from '../model/model.service.ts';
import type { ErrorBody } from '../prediction/prediction.schema.ts';
import { errorBody } from './error.filter.ts';
import { PendingAnswers } from './pending-answers.ts';
import { type RequestContext, requestContext } from './request-context.ts';
import { parseJson } from './upload/json-reader.ts';
import { UploadReader } from './upload/upload-reader.ts';

/** Bytes of an entry, on average at most; one with the longest names that a manifest may have takes no more. */
const BYTES_PER_ENTRY = 512;
const BYTES_AROUND = 1_024;
/** Requests of the largest size whose answers may wait to be read, at half a kilobyte an entry. */
const PENDING_REQUESTS = 20;
/** Requests of the largest size that may wait for their turn in a busy pod: what it counts within a few seconds. */
const WAITING_REQUESTS = 2;

interface Results {
  readonly results: (FeedbackResult | ErrorBody)[];
}

/** The route that takes true labels. HTTP only: what they mean is {@link FeedbackService}'s. */
@Controller('feedback')
export class FeedbackController {
  readonly #feedback: FeedbackService;
  readonly #uploads: UploadReader;
  readonly #maxEntries: number;
  readonly #pending: PendingAnswers;
  readonly #turns: FeedbackTurns;

  constructor(
    feedback: FeedbackService,
    model: ModelService,
    uploads: UploadReader,
    @Inject(CONFIG) config: Config,
    @Inject(CLOCK) clock: Clock,
  ) {
    this.#feedback = feedback;
    this.#uploads = uploads;
    this.#maxEntries = config.FEEDBACK_MAX_ENTRIES;
    this.#pending = new PendingAnswers({
      maxEntries: config.FEEDBACK_MAX_ENTRIES * PENDING_REQUESTS,
      timeoutMs: config.UPLOAD_TIMEOUT_MS,
      clock,
    });
    this.#turns = new FeedbackTurns({
      maxWaitingBytes: WAITING_REQUESTS * this.#maxBytes,
      clock,
      isBusy: () => {
        const { queueDepth, inFlight, readyWorkers } = model.usage;
        return queueDepth > 0 || inFlight >= readyWorkers;
      },
    });
  }

  /** Most bytes of a body. */
  get #maxBytes(): number {
    return BYTES_AROUND + this.#maxEntries * BYTES_PER_ENTRY;
  }

  /** One entry, or `{"feedback": [...]}` with several, each with its own result or error, in the order they were sent. */
  @Post()
  @HttpCode(200)
  async take(
    @Req() request: IncomingMessage,
    @Res({ passthrough: true }) response: ServerResponse,
  ): Promise<FeedbackResult | Results> {
    const context = requestContext(request);
    this.#feedback.assertOpen();
    this.#turns.assertRoom(0);
    return this.#uploads.withJson(request, this.#maxBytes, context.gone, (text) =>
      this.#turns.take(text.length, (pause) => {
        if (context.gone.aborted)
          throw new PawlError('CLIENT_CLOSED_REQUEST', { message: 'The client has gone before its turn.' });
        return this.#takeBody(parseJson(text), context, response, pause);
      }),
    );
  }

  /** Any other method on the route. */
  @All()
  other(@Res({ passthrough: true }) response: ServerResponse): never {
    response.setHeader('Allow', 'POST');
    throw new PawlError('METHOD_NOT_ALLOWED', { message: 'This route takes POST only.' });
  }

  async #takeBody(
    body: unknown,
    { log, id }: RequestContext,
    response: ServerResponse,
    pause: Pause,
  ): Promise<FeedbackResult | Results> {
    const entries = entriesOf(body);
    if (entries === undefined) {
      const result = this.#feedback.take(body);
      count(log, [result]);
      return result;
    }
    if (entries.length > this.#maxEntries)
      throw new PawlError('REQUEST_TOO_LARGE', {
        message: `The request has ${entries.length} entries; at most ${this.#maxEntries} are taken at once.`,
        hint: 'Send fewer entries in one request.',
      });
    this.#pending.add(entries.length, response);
    const results = await this.#feedback.takeAll(entries, pause);
    count(log, results);
    return { results: results.map((each) => (each instanceof PawlError ? errorBody(each, id) : each)) };
  }
}

/** The entries of a batch; undefined: the body is one entry, or nothing that is known. @throws PawlError REQUEST_INVALID. */
function entriesOf(body: unknown): readonly unknown[] | undefined {
  if (typeof body !== 'object' || body === null || !('feedback' in body)) return undefined;
  const others = Object.keys(body).filter((key) => key !== 'feedback');
  if (Array.isArray(body.feedback) && others.length === 0) return body.feedback as readonly unknown[];
  const found = others.length > 0 ? `it also has ${JSON.stringify(others[0]?.slice(0, 100))}` : 'it is no list';
  throw new PawlError('REQUEST_INVALID', {
    message: `A body with "feedback" has a list there and nothing else; ${found}.`,
    hint: 'Send {"feedback": [{"prediction_id": "...", "label": "..."}, ...]}, see /docs.',
  });
}

function count(log: RequestContext['log'], results: readonly (FeedbackResult | PawlError)[]): void {
  const resultsThatAre = (result: FeedbackResult['result']) =>
    results.filter((each) => !(each instanceof PawlError) && each.result === result).length;
  log.counted = resultsThatAre('counted');
  log.duplicates = resultsThatAre('duplicate');
  log.refused = results.length - log.counted - log.duplicates;
}
