import { events, leases } from '@pawl/shared/kubernetes/objects';
import { ApiUnreachable } from '@pawl/shared/kubernetes/api-error';
import { KubeClient } from '@pawl/shared/kubernetes/client';
import type { KubeConnection } from '@pawl/shared/kubernetes/connection';
import type { DesiredObject, KubeObject, ResourceType } from '@pawl/shared/kubernetes/kube-object';
import type { ApplyOptions, DeleteOptions, WriteOptions } from '@pawl/shared/kubernetes/requests';

/**
 * A client that is cut off for good right after so many writes: the last one is carried out, and its answer never comes.
 * What the controller would have done next it can no longer do, as if it was killed there. Leases and events do not count.
 */
export class MortalClient extends KubeClient {
  #left: number;
  readonly #onDeath: () => void;

  constructor(connection: KubeConnection, writes: number, onDeath: () => void) {
    super(connection);
    this.#left = writes;
    this.#onDeath = onDeath;
  }

  get isDead(): boolean {
    return this.#left <= 0;
  }

  override apply<T extends KubeObject>(type: ResourceType<T>, object: DesiredObject, options: ApplyOptions) {
    return this.#write(type, () => super.apply(type, object, options));
  }

  override mergePatch<T extends KubeObject>(
    type: ResourceType<T>,
    namespace: string | undefined,
    name: string,
    patch: object,
    options?: WriteOptions,
  ) {
    return this.#write(type, () => super.mergePatch(type, namespace, name, patch, options));
  }

  override delete(type: ResourceType, namespace: string | undefined, name: string, options?: DeleteOptions) {
    return this.#write(type, () => super.delete(type, namespace, name, options));
  }

  override create<T extends KubeObject>(type: ResourceType<T>, object: DesiredObject, options?: WriteOptions) {
    return this.#write(type, () => super.create(type, object, options));
  }

  override update<T extends KubeObject>(type: ResourceType<T>, object: DesiredObject, options?: WriteOptions) {
    return this.#write(type, () => super.update(type, object, options));
  }

  async #write<T>(type: ResourceType, write: () => Promise<T>): Promise<T> {
    if (this.isDead) throw new ApiUnreachable('This controller is dead.');
    const counts = type.plural !== leases.plural && type.plural !== events.plural;
    // Counted before it is sent: no second write may slip through meanwhile.
    if (counts) this.#left -= 1;
    const isLast = counts && this.#left === 0;
    const written = await write();
    if (!isLast) return written;
    this.#onDeath();
    throw new ApiUnreachable('This controller died.');
  }
}
