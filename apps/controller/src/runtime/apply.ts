import { containsFields } from './contains-fields.ts';
import type { KubeClient } from './kube-client.ts';
import { type DesiredObject, keyOf, type KubeObject, type ResourceType } from './kube-object.ts';
import type { CallOptions } from './kube-requests.ts';

export interface ApplyOwnedOptions<T extends KubeObject> extends CallOptions {
  /** The object as an informer has it. When it already has every desired field, nothing is written. */
  readonly current?: T | undefined;
  /** Takes over fields of other managers instead of failing with a conflict: only for fields that are solely ours. */
  readonly force?: boolean | undefined;
}

export interface Applied<T> {
  /** The object as the server has it now, or `current` when nothing was written. */
  readonly object: T;
  /** Whether the write changed anything; an unknown former state counts as a change. */
  readonly changed: boolean;
}

/** What was applied is remembered for at most this many objects. */
const REMEMBERED = 4096;

/**
 * Server-side apply under one field manager. What is applied is the whole of what this manager wants: a field that an
 * earlier call had and this one has not is removed by the server.
 */
export class Applier {
  readonly #client: Pick<KubeClient, 'apply'>;
  readonly #fieldManager: string;
  /**
   * What this process applied last, by object and part. Without it, a field that is no longer desired could not be told
   * from one that never was ours, and would stay.
   */
  readonly #lastApplied = new Map<string, { readonly uid: string | undefined; readonly desired: string }>();

  constructor(client: Pick<KubeClient, 'apply'>, fieldManager: string) {
    this.#client = client;
    this.#fieldManager = fieldManager;
  }

  /**
   * Applies the object.
   * @throws ApiError; a conflict when another manager owns a field and `force` is not set.
   */
  applyOwned<T extends KubeObject>(
    type: ResourceType<T>,
    desired: DesiredObject,
    options: ApplyOwnedOptions<T> = {},
  ): Promise<Applied<T>> {
    return this.#apply(type, desired, undefined, options);
  }

  /** Applies the status; `desired` has apiVersion, kind, name, namespace and `status`, and nothing else. */
  applyOwnedStatus<T extends KubeObject>(
    type: ResourceType<T>,
    desired: DesiredObject,
    options: ApplyOwnedOptions<T> = {},
  ): Promise<Applied<T>> {
    return this.#apply(type, desired, 'status', options);
  }

  async #apply<T extends KubeObject>(
    type: ResourceType<T>,
    desired: DesiredObject,
    subresource: 'status' | undefined,
    { current, force, ...call }: ApplyOwnedOptions<T>,
  ): Promise<Applied<T>> {
    const key = [type.group, type.plural, keyOf(desired), subresource].join(' ');
    const last = this.#lastApplied.get(key);
    const text = JSON.stringify(desired);
    if (
      current !== undefined &&
      last?.uid === current.metadata.uid &&
      last?.desired === text &&
      containsFields(current, desired)
    )
      return { object: current, changed: false };
    const options = { ...call, fieldManager: this.#fieldManager, force, subresource };
    const object = await this.#client.apply(type, desired, options);
    this.#remember(key, object.metadata.uid, text);
    return { object, changed: object.metadata.resourceVersion !== current?.metadata.resourceVersion };
  }

  #remember(key: string, uid: string | undefined, desired: string): void {
    this.#lastApplied.delete(key);
    this.#lastApplied.set(key, { uid, desired });
    if (this.#lastApplied.size <= REMEMBERED) return;
    for (const oldest of this.#lastApplied.keys()) {
      this.#lastApplied.delete(oldest);
      return;
    }
  }
}
