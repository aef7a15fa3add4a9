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
    this.#announceDegradation(version, before, after);
    this.#announceRefusal(version, before, after, isRefused);
    if (stateOf(before) === stateOf(after) && !(isRefused && before?.message !== after.message)) return;
    const { namespace, name } = version.metadata;
    const reason = progressOf(after) ?? after.phase;
    const isBad = isRefused || warned.has(reason) || after.conditions.some(({ type }) => type === 'Stalled');
    this.#events.record(version, isBad ? 'Warning' : 'Normal', reason, `${version.spec.version}: ${after.message}`);
    this.#logger.info(
      { key: `${namespace}/${name}`, reason, phase: after.phase, version: version.spec.version, weight: after.weight },
      after.message,
    );
  }

  /** Stable pods that are no longer well, or well again: apart from the state, which stays Serving. */
  #announceDegradation(version: ModelVersion, before: ModelVersionStatus | undefined, after: ModelVersionStatus): void {
    const [was, is] = [degradedIn(before), degradedIn(after)];
    if (was?.reason === is?.reason) return;
    const number = version.spec.version;
    if (is !== undefined) this.#events.record(version, 'Warning', is.reason, `${number}: ${is.message}`);
    else if (after.phase === 'Serving')
      this.#events.record(version, 'Normal', 'Serving', `${number}: Its stable pods are well again`);
  }

  /** What the API server refuses of a version that is not on its way: its state says nothing about it. */
  #announceRefusal(
    version: ModelVersion,
    before: ModelVersionStatus | undefined,
    after: ModelVersionStatus,
    isInState: boolean,
  ): void {
    const [was, is] = [refusedIn(before), refusedIn(after)];
    if (was?.message === is?.message || isInState || (is === undefined && stateOf(before) !== stateOf(after))) return;
    const number = version.spec.version;
    if (is !== undefined) this.#events.record(version, 'Warning', is.reason, `${number}: ${is.message}`);
    else
      this.#events.record(version, 'Normal', 'ApiAccepted', `${number}: The API server takes what it refused before`);
  }

  /** @param words about a status that the API server does not take; undefined: it takes it again. */
  announceUnwritten(version: ModelVersion, words: string | undefined): void {
    const number = version.spec.version;
    if (words !== undefined) this.#events.record(version, 'Warning', 'StatusRefused', `${number}: ${words}`);
    else this.#events.record(version, 'Normal', 'StatusWritten', `${number}: Its status is written again`);
  }
}

const degradedIn = (status: ModelVersionStatus | undefined) =>
  status?.conditions.find(({ type }) => type === 'Degraded');

const refusedIn = (status: ModelVersionStatus | undefined) => status?.conditions.find(({ type }) => type === 'Refused');

/** Reasons of progress that somebody should look at. */
const warned = new Set(['RouteNotAccepted', 'CanaryKilled']);

/** What people tell states apart by. */
const stateOf = (status: ModelVersionStatus | undefined): string =>
  JSON.stringify([status?.phase, progressOf(status) ?? status?.phase, status?.rollout?.step]);

const progressOf = (status: ModelVersionStatus | undefined) =>
  status?.conditions.find(({ type }) => type === 'Progressing')?.reason;
