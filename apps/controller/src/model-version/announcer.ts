import type { ModelVersion, ModelVersionStatus } from '@pawl/shared/modelversion/model-version';
import type { EventRecorder } from '../runtime/events.ts';
import type { Logger } from '../runtime/logger.ts';

/** Tells people that a version entered another state: an event for `kubectl describe`, and a log line. */
export class Announcer {
  readonly #events: Pick<EventRecorder, 'record'>;
  readonly #logger: Logger;

  constructor(events: Pick<EventRecorder, 'record'>, logger: Logger) {
    this.#events = events;
    this.#logger = logger;
  }

  /**
   * Says nothing when only the counters of a status changed.
   * @param before undefined: the version had none.
   * @param isRefused the API server refuses what the version needs: a warning each time with its present words.
   */
  announce(
    version: ModelVersion,
    before: ModelVersionStatus | undefined,
    after: ModelVersionStatus,
    isRefused: boolean,
  ): void {
    if (stateOf(before) === stateOf(after) && !(isRefused && before?.message !== after.message)) return;
    const { namespace, name } = version.metadata;
    const reason = progressOf(after) ?? after.phase;
    const isBad = isRefused || after.conditions.some(({ type }) => type === 'Stalled');
    this.#events.record(version, isBad ? 'Warning' : 'Normal', reason, `${version.spec.version}: ${after.message}`);
    this.#logger.info(
      { key: `${namespace}/${name}`, reason, phase: after.phase, version: version.spec.version, weight: after.weight },
      after.message,
    );
  }
}

/** What people tell states apart by. */
const stateOf = (status: ModelVersionStatus | undefined): string =>
  JSON.stringify([status?.phase, progressOf(status) ?? status?.phase, status?.rollout?.step]);

const progressOf = (status: ModelVersionStatus | undefined) =>
  status?.conditions.find(({ type }) => type === 'Progressing')?.reason;
