import { Inject, Injectable } from '@nestjs/common';
import { type Manifest, NEITHER } from '@pawl/shared/bundle/manifest';
import type { Clock } from '@pawl/shared/concurrency/clock';
import type { ErrorCode } from '@pawl/shared/errors/error-codes';
import { PawlError } from '@pawl/shared/errors/pawl-error';
import { CLOCK, CONFIG } from '../config/config.module.ts';
import type { Config } from '../config/config.schema.ts';
import { ModelService } from '../model/model.service.ts';
import { type PredictionClaims, PredictionIds } from '../prediction/prediction-id.ts';
import { AccuracyMetrics } from './accuracy-metrics.ts';
import { FeedbackMetrics, type Refusal } from './feedback-metrics.ts';
import type { Pause } from './feedback-turns.ts';
import { type Feedback, type FeedbackResult, feedbackSchema } from './feedback.schema.ts';
import { RecentFeedback } from './recent-feedback.ts';

const HOUR_MS = 3_600_000;
/** How far the clock of a pod that answered may be before this one's, ms; what is nearer counts as no delay. */
const CLOCK_SKEW_MS = 5 * 60_000;
/** Entries after which others have their turn on the main thread: about a millisecond. */
const ENTRIES_A_TURN = 50;
/** Labels that an error lists. */
const LABELS_SHOWN = 20;

/** The labels that feedback may have, with their numbers. */
interface Allowed {
  readonly manifest: Manifest;
  /** In the manifest's order, "neither" last. */
  readonly numbers: ReadonlyMap<string, number>;
}

/** Counts the true labels of earlier predictions, each once. It keeps none of them, but for a fingerprint. */
@Injectable()
export class FeedbackService {
  readonly #model: ModelService;
  readonly #ids: PredictionIds;
  readonly #metrics: FeedbackMetrics;
  readonly #accuracy: AccuracyMetrics;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #maxAgeMs: number;
  readonly #recent: RecentFeedback;
  #allowed: Allowed | undefined;

  constructor(
    model: ModelService,
    ids: PredictionIds,
    metrics: FeedbackMetrics,
    accuracy: AccuracyMetrics,
    @Inject(CLOCK) clock: Clock,
    @Inject(CONFIG) config: Config,
  ) {
    this.#model = model;
    this.#ids = ids;
    this.#metrics = metrics;
    this.#accuracy = accuracy;
    this.#clock = clock;
    this.#maxAgeMs = config.FEEDBACK_MAX_AGE_HOURS * HOUR_MS;
    this.#recent = new RecentFeedback(config.FEEDBACK_REMEMBERED);
    void model.settled.then(() => {
      if (model.state.name === 'ready') this.#labels();
    });
  }

  /** @throws PawlError MODEL_NOT_READY: which labels there are is not known yet. */
  assertOpen(): void {
    this.#labels();
  }

  /** Counts many, each with its own result or error, in their order. Others have their turn in the pauses. */
  async takeAll(entries: readonly unknown[], pause: Pause): Promise<(FeedbackResult | PawlError)[]> {
    const results: (FeedbackResult | PawlError)[] = [];
    for (const [at, entry] of entries.entries()) {
      if (at > 0 && at % ENTRIES_A_TURN === 0) await pause();
      results.push(this.#try(entry));
    }
    return results;
  }

  /** Counts one. @throws PawlError with the code of what is wrong with it. */
  take(entry: unknown): FeedbackResult {
    const result = this.#try(entry);
    if (result instanceof PawlError) throw result;
    return result;
  }

  #try(entry: unknown): FeedbackResult | PawlError {
    const allowed = this.#labels();
    const parsed = feedbackSchema.safeParse(entry);
    if (!parsed.success)
      return this.#refuse('malformed', 'REQUEST_INVALID', {
        message: `The feedback is not valid: ${problemsOf(parsed.error.issues)}.`,
        hint: 'Send {"prediction_id": "...", "label": "..."}, see /docs.',
      });
    const { prediction_id: id, label }: Feedback = parsed.data;
    const number = allowed.numbers.get(label);
    if (number === undefined)
      return this.#refuse('label_unknown', 'FEEDBACK_LABEL_UNKNOWN', {
        message: `The label ${JSON.stringify(label.slice(0, 100))} is none of the model's; expected ${listOf([...allowed.numbers.keys()])}.`,
      });
    const verified = this.#ids.verify(id);
    if (verified === undefined)
      return this.#refuse('id_invalid', 'PREDICTION_ID_INVALID', {
        message: 'The prediction_id was not made with a key of this service.',
      });
    const { claims, fingerprint } = verified;
    const age = this.#clock.now() - claims.time;
    const misfit = this.#misfitOf(claims, age, allowed.manifest);
    if (misfit !== undefined) return misfit;
    return this.#count(claims, {
      label,
      number,
      before: this.#recent.add(fingerprint, number),
      age: Math.max(0, age),
      allowed,
    });
  }

  /** Why a genuine id is not taken. */
  #misfitOf(claims: PredictionClaims, age: number, { name }: Manifest): PawlError | undefined {
    if (claims.model !== name)
      return this.#refuse('other_model', 'PREDICTION_ID_INVALID', {
        message: `The prediction was made by the model "${claims.model}"; this service serves "${name}".`,
        hint: 'Send the feedback to the service that made the prediction.',
      });
    if (age < -CLOCK_SKEW_MS)
      return this.#refuse('from_future', 'PREDICTION_ID_FROM_FUTURE', {
        message: `The prediction was made ${Math.round(-age / 1000)} s from now, by this pod's clock; at most ${CLOCK_SKEW_MS / 1000} s are taken for a difference of clocks.`,
      });
    if (age > this.#maxAgeMs)
      return this.#refuse('too_old', 'FEEDBACK_TOO_OLD', {
        message: `The prediction is ${Math.floor(age / HOUR_MS)} hours old; at most ${this.#maxAgeMs / HOUR_MS} are taken.`,
      });
    return undefined;
  }

  #count(
    { version, label: nearest, abstained }: PredictionClaims,
    feedback: {
      readonly label: string;
      readonly number: number;
      readonly before: number | undefined;
      readonly age: number;
      readonly allowed: Allowed;
    },
  ): FeedbackResult | PawlError {
    const { label, number, before, age, allowed } = feedback;
    const answered = abstained ? NEITHER : nearest;
    const correct = answered === label;
    if (before === number) {
      this.#metrics.duplicate();
      return { result: 'duplicate', answered, correct };
    }
    if (before !== undefined)
      return this.#refuse('conflict', 'FEEDBACK_CONFLICT', {
        message: `This prediction has been given the label "${[...allowed.numbers.keys()][before] ?? ''}" already; the first one counts.`,
      });
    const isLabel = number < allowed.manifest.labels.length;
    this.#metrics.counted({
      version,
      label,
      index: number,
      isCorrect: correct,
      delaySeconds: age / 1000,
    });
    if (isLabel) this.#accuracy.counted(version, nearest === label);
    return { result: 'counted', answered, correct };
  }

  #refuse(reason: Refusal, code: ErrorCode, details: { readonly message: string; readonly hint?: string }): PawlError {
    this.#metrics.refused(reason);
    return new PawlError(code, details);
  }

  /** Also while no worker is alive: feedback needs none. */
  #labels(): Allowed {
    const { state } = this.#model;
    const manifest = state.name === 'ready' ? state.model.manifest : undefined;
    if (manifest === undefined) throw new PawlError('MODEL_NOT_READY', { message: this.#model.whyNotReady });
    if (this.#allowed?.manifest !== manifest) {
      const labels = [...new Set([...manifest.labels, NEITHER])];
      this.#metrics.begin(manifest.version, labels);
      this.#allowed = { manifest, numbers: new Map(labels.map((label, number) => [label, number])) };
    }
    return this.#allowed;
  }
}

const listOf = (labels: readonly string[]): string => {
  const shown = labels.length > LABELS_SHOWN ? [...labels.slice(0, LABELS_SHOWN - 1), NEITHER] : labels;
  const rest = labels.length - shown.length;
  return shown.map((label) => `"${label}"`).join(', ') + (rest > 0 ? ` and ${rest} others` : '');
};

const problemsOf = (issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[]): string =>
  issues
    .slice(0, 3)
    .map(({ path, message }) => `${path.length > 0 ? `${path.map(String).join('.')}: ` : ''}${message.slice(0, 200)}`)
    .join('; ');
