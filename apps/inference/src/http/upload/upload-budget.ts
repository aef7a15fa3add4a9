import { PawlError } from '@pawl/shared/errors/pawl-error';

/**
 * Bytes of request bodies that may be held in memory at once, over all requests. A slow client holds only what it has
 * sent, so it cannot keep others out, and a flood of large bodies is refused before the container runs out of memory.
 */
export class UploadBudget {
  readonly #limit: number;
  readonly #onChange: (held: number) => void;
  #held = 0;

  /**
   * @param limit bytes.
   * @param onChange told the bytes held after each reservation grows or ends.
   */
  constructor(limit: number, onChange: (held: number) => void = () => undefined) {
    this.#limit = limit;
    this.#onChange = onChange;
  }

  /** Bytes held now. */
  get held(): number {
    return this.#held;
  }

  /** Starts counting for one request. */
  reserve(): UploadReservation {
    let own = 0;
    let released = false;
    return {
      grow: (bytes) => {
        // A body may still arrive after its request was answered; nobody would release those bytes.
        if (released) throw new PawlError('UPLOAD_INCOMPLETE', { message: 'The request is already answered.' });
        if (this.#held + bytes > this.#limit)
          throw new PawlError('OVERLOADED', { message: 'Too many bytes of uploads are held in memory.' });
        own += bytes;
        this.#held += bytes;
        this.#onChange(this.#held);
      },
      release: () => {
        released = true;
        this.#held -= own;
        own = 0;
        this.#onChange(this.#held);
      },
    };
  }
}

/** The share of one request. */
export interface UploadReservation {
  /** Adds bytes that have just arrived. @throws PawlError OVERLOADED when the budget is spent, UPLOAD_INCOMPLETE after release. */
  readonly grow: (bytes: number) => void;
  /** Releases all its bytes; may be called again. */
  readonly release: () => void;
}
