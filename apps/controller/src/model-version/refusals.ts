import { ApiError } from '@pawl/shared/kubernetes/api-error';
import { Waiting } from '../runtime/controller-loop.ts';
import type { Action } from './decision.ts';

/** What the controller asks of the API server for a model and can be refused. */
export type Request =
  | Action
  /** What each pass reads of a model's route: the HTTPRoute and both Services. */
  | { readonly kind: 'read-route' }
  /** The objects that the caches follow. */
  | { readonly kind: 'read-objects' }
  | { readonly kind: 'write-status'; readonly uid: string; readonly name: string };

/** How often in a row a request was refused, and the message about it. */
export interface Refused {
  readonly times: number;
  readonly words: string;
  readonly isFinal: boolean;
}

/**
 * What the API server refuses of each model. A refusal that the same request would meet again is told at once; one that may
 * pass by itself, such as a busy server's, when it comes twice in a row. Lost in a restart: the next passes are refused again.
 */
export class Refusals {
  readonly #byKey = new Map<string, Map<string, Refused>>();

  /** The messages to tell of a key, by request, see {@link idOf}. */
  of(key: string): ReadonlyMap<string, string> {
    const told = [...(this.#byKey.get(key) ?? [])].filter(([, refused]) => isTold(refused));
    return new Map(told.map(([id, { words }]) => [id, words]));
  }

  /**
   * A request failed. A failure that is no refusal changes nothing here.
   * @returns the message about it, when it is to be told.
   */
  note(key: string, request: Request, error: unknown): string | undefined {
    const id = idOf(request);
    const refused = refusedAgain(this.#byKey.get(key)?.get(id), objectOf(request), error);
    if (refused === undefined) return undefined;
    this.#byKey.set(key, (this.#byKey.get(key) ?? new Map<string, Refused>()).set(id, refused));
    return isTold(refused) ? refused.words : undefined;
  }

  /** A request was carried out. @returns whether a refusal of it had been told. */
  succeeded(key: string, request: Request): boolean {
    const known = this.#byKey.get(key);
    const before = known?.get(idOf(request));
    known?.delete(idOf(request));
    if (known?.size === 0) this.#byKey.delete(key);
    return before !== undefined && isTold(before);
  }

  /** Forgets the actions of a key that are no longer wanted. */
  retain(key: string, actions: readonly Action[]): void {
    const wanted = new Set([...actions, { kind: 'read-route' } as const].map(idOf));
    const known = this.#byKey.get(key);
    for (const id of known?.keys() ?? []) if (!wanted.has(id)) known?.delete(id);
    if (known?.size === 0) this.#byKey.delete(key);
  }
}

/** Times in a row that a refusal which may pass by itself is met until it is told. */
const PATIENCE = 2;

/** Whether it is worth telling people. */
export const isTold = ({ times, isFinal }: Refused): boolean => isFinal || times >= PATIENCE;

/** A refusal after those before it in a row; undefined for another failure. @param what was refused, for people. */
export function refusedAgain(before: Refused | undefined, what: string, error: unknown): Refused | undefined {
  return refusedTimes((before?.times ?? 0) + 1, what, error);
}

/** A refusal that was met so many times in a row; undefined for another failure. @param what was refused, for people. */
export function refusedTimes(times: number, what: string, error: unknown): Refused | undefined {
  if (error instanceof Waiting) return { times, words: error.message, isFinal: true };
  if (!(error instanceof ApiError)) return undefined;
  const isFinal = isFinalRefusal(error);
  const how = isFinal ? '' : ` again and again (${error.status})`;
  return { times, words: `The API server refuses ${what}${how}: ${error.message}`, isFinal };
}

/** The same request will be answered in the same way: no stale write, no credentials on their way, no rate limit. */
const isFinalRefusal = ({ status, message }: ApiError): boolean =>
  (status >= 400 && status < 500 && ![401, 408, 409, 410, 429].includes(status)) ||
  // How it answers a server-side apply with a field that its schema does not have, such as one of the experimental Gateway API.
  (status === 500 && message.includes('failed to create typed patch object'));

/** The same for the same request of two passes. */
export function idOf(request: Request): string {
  switch (request.kind) {
    case 'verify':
    case 'ask-acceptance':
    case 'apply-stable':
      return `${request.kind} ${request.version.metadata.uid}`;
    case 'apply-canary':
    case 'adopt-canary':
    case 'delete-canary':
      return `${request.kind} ${request.name}`;
    case 'mark-withdrawn':
    case 'write-comparison':
      return `${request.kind} ${request.canary}`;
    case 'write-status':
      return `${request.kind} ${request.uid}`;
    case 'admit-pods':
    case 'withdraw-pods':
    case 'set-route-weight':
    case 'read-route':
    case 'read-objects':
      return request.kind;
  }
}

function objectOf(request: Request): string {
  switch (request.kind) {
    case 'apply-canary':
      return `the canary Deployment ${request.name}`;
    case 'adopt-canary':
      return `the owner of the canary Deployment ${request.name}`;
    case 'apply-stable':
      return 'the weights in the stable Deployment';
    case 'admit-pods':
    case 'withdraw-pods':
      return `the label of the pods ${request.pods.join(', ')}`;
    case 'set-route-weight':
      return 'the HTTPRoute';
    case 'read-route':
      return 'to show the HTTPRoute and its Services';
    case 'write-comparison':
    case 'mark-withdrawn':
      return `the annotation of the canary Deployment ${request.canary}`;
    case 'delete-canary':
      return `the deletion of the canary Deployment ${request.name}`;
    case 'write-status':
      return `the status of ${request.name}`;
    case 'verify':
    case 'ask-acceptance':
    case 'read-objects':
      return request.kind;
  }
}
