import { ApiError } from '@pawl/shared/kubernetes/api-error';
import { Waiting } from '../runtime/controller-loop.ts';
import type { Action, Decision } from './decision.ts';
import type { Facts } from './facts.ts';
import { milliseconds } from './time.ts';

/**
 * What the API server refused in the last pass of each model. It is lost in a restart: the next pass sends the request
 * and is refused again.
 */
export class Refusals {
  readonly #byKey = new Map<string, ReadonlyMap<string, string>>();

  /** Of a key, by action, see {@link idOf}. */
  of(key: string): ReadonlyMap<string, string> {
    return this.#byKey.get(key) ?? none;
  }

  /** Every action of a pass was carried out. */
  clear(key: string): void {
    this.#byKey.delete(key);
  }

  /** An action failed. Remembers a refusal; any other failure changes nothing here. */
  note(key: string, action: Action, error: unknown): void {
    const words = refusalOf(action, error);
    if (words !== undefined) this.#byKey.set(key, new Map([[idOf(action), words]]));
  }
}

const none: ReadonlyMap<string, string> = new Map();

/** The same for the same action of two passes. */
function idOf(action: Action): string {
  switch (action.kind) {
    case 'verify':
    case 'ask-acceptance':
    case 'apply-stable':
      return `${action.kind} ${action.version.metadata.uid}`;
    case 'apply-canary':
    case 'delete-canary':
      return `${action.kind} ${action.name}`;
    case 'mark-withdrawn':
    case 'write-comparison':
      return `${action.kind} ${action.canary}`;
    case 'admit-pods':
    case 'withdraw-pods':
    case 'set-route-weight':
      return action.kind;
  }
}

/** The message about a refusal, one sentence; undefined for a failure that may pass without a change. */
function refusalOf(action: Action, error: unknown): string | undefined {
  if (error instanceof Waiting) return error.message;
  if (!(error instanceof ApiError) || !isFinal(error)) return undefined;
  return `The API server refuses ${objectOf(action)}: ${error.message}`;
}

/** The same request will be answered in the same way: no stale write, no credentials on their way, no rate limit. */
const isFinal = ({ status }: ApiError): boolean =>
  status >= 400 && status < 500 && ![401, 408, 409, 410, 429].includes(status);

function objectOf(action: Action): string {
  switch (action.kind) {
    case 'apply-canary':
      return `the canary Deployment ${action.name}`;
    case 'apply-stable':
      return 'the weights in the stable Deployment';
    case 'admit-pods':
    case 'withdraw-pods':
      return `the label of the pods ${action.pods.join(', ')}`;
    case 'set-route-weight':
      return 'the HTTPRoute';
    case 'write-comparison':
    case 'mark-withdrawn':
      return `the annotation of the canary Deployment ${action.canary}`;
    case 'delete-canary':
      return `the deletion of the canary Deployment ${action.name}`;
    case 'verify':
    case 'ask-acceptance':
      return action.kind;
  }
}

/**
 * Adds to a decision what the API server refused the last time; without it the status would announce what does not
 * happen. After the time that canary pods have to become ready, the version is stalled until somebody acts.
 */
export function withRefusal(decision: Decision, actions: readonly Action[], facts: Facts): Decision {
  const words = actions.map((action) => facts.refusals.get(idOf(action))).find((said) => said !== undefined);
  if (words === undefined) return decision;
  if (decision.kind === 'promoting') return { ...decision, message: words, isRefused: true };
  if (decision.kind !== 'canary') return decision;
  const since = decision.record?.rollout?.since;
  const limit = facts.policy.kind === 'valid' ? facts.policy.policy.canary.readyTimeoutSeconds * 1000 : Infinity;
  const isStalled = since !== undefined && facts.now - milliseconds(since) > limit;
  return { ...decision, reason: 'CanaryHeldUp', message: words, isRefused: true, isStalled };
}
