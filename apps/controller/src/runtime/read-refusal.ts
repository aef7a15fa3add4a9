import { ApiError } from '@pawl/shared/kubernetes/api-error';

/** That the server refuses to show objects. */
export interface ReadRefusal {
  readonly error: ApiError;
  /** In a row. */
  readonly times: number;
}

/** Remembers that lists or watches are refused, until the one that was refused succeeds. */
export class ReadRefusals {
  readonly #onChange: () => void;
  #last: (ReadRefusal & { readonly isWatch: boolean }) | undefined;

  /** @param onChange called when there is another refusal, or none any longer. */
  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  get last(): ReadRefusal | undefined {
    return this.#last;
  }

  /** Something failed; a failure that is no refusal changes nothing here. */
  failed(error: unknown, isWatch: boolean): void {
    if (!(error instanceof ApiError)) return;
    this.#last = { error, times: (this.#last?.times ?? 0) + 1, isWatch };
    this.#onChange();
  }

  /** A list was complete, or a watch told something, which one can only see of a server that shows both. */
  succeeded(isWatch: boolean): void {
    if (this.#last === undefined || (this.#last.isWatch && !isWatch)) return;
    this.#last = undefined;
    this.#onChange();
  }
}
