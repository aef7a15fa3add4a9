import type { DesiredObject, KubeObject, ResourceType } from './kube-object.ts';
import type {
  ApplyOptions,
  CallOptions,
  DeleteOptions,
  JsonPatchOperation,
  ListOptions,
  ObjectList,
  PatchOptions,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from './requests.ts';

/**
 * The API server as programs see it: what code that reads or writes objects takes, and what tests replace. A refusal is an
 * ApiError, no answer is an ApiUnreachable; when the caller's signal is aborted, its reason is thrown.
 */
export interface KubernetesApi {
  /**
   * Undefined when there is no such object.
   * @throws ApiError 404 when the server does not know the kind.
   */
  get<T extends KubeObject>(
    type: ResourceType<T>,
    namespace: string | undefined,
    name: string,
    options?: CallOptions,
  ): Promise<T | undefined>;

  /** One page of objects. */
  list<T extends KubeObject>(type: ResourceType<T>, options?: ListOptions): Promise<ObjectList<T>>;

  /** Every page of a list, all of the same moment. 410 when a later page was asked for too late. */
  pages<T extends KubeObject>(type: ResourceType<T>, options?: ListOptions): AsyncGenerator<ObjectList<T>>;

  /**
   * Changes after `resourceVersion`, until the server ends the watch (the iteration ends) or the signal is aborted. The
   * timeout is for the beginning of the answer only.
   * @throws ApiError also for an ERROR event; 410 when the resourceVersion is too old, in either form.
   */
  watch<T extends KubeObject>(
    type: ResourceType<T>,
    options: WatchOptions,
    signal: AbortSignal,
  ): AsyncGenerator<WatchEvent<T>>;

  /** Server-side apply: the object is the whole of what this field manager wants. */
  apply<T extends KubeObject>(type: ResourceType<T>, object: DesiredObject, options: ApplyOptions): Promise<T>;

  /** JSON merge patch (RFC 7396). With a resourceVersion: conflict when the object has another. */
  mergePatch<T extends KubeObject>(
    type: ResourceType<T>,
    namespace: string | undefined,
    name: string,
    patch: object,
    options?: PatchOptions,
  ): Promise<T>;

  /** JSON patch (RFC 6902); a `test` that fails is 422. */
  jsonPatch<T extends KubeObject>(
    type: ResourceType<T>,
    namespace: string | undefined,
    name: string,
    operations: readonly JsonPatchOperation[],
    options?: WriteOptions,
  ): Promise<T>;

  /** Conflict with the reason AlreadyExists when an object of that name exists. */
  create<T extends KubeObject>(type: ResourceType<T>, object: DesiredObject, options?: WriteOptions): Promise<T>;

  /** Replaces the object; conflict when its resourceVersion is not the object's. */
  update<T extends KubeObject>(type: ResourceType<T>, object: DesiredObject, options?: WriteOptions): Promise<T>;

  /** Asks for deletion; an object that is not there is a success. */
  delete(type: ResourceType, namespace: string | undefined, name: string, options?: DeleteOptions): Promise<void>;

  /**
   * Has `listener` called whenever the server answers again after it did not: who waits to try again need wait no longer.
   * Somebody has to go on asking meanwhile; whoever holds a lease does.
   * @returns what ends it.
   */
  onBack(listener: () => void): () => void;
}
