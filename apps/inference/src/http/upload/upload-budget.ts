import { systemClock, type Clock } from '@pawl/shared/concurrency/clock';
import { PawlError } from '@pawl/shared/errors/pawl-error';
import { ArrivalRate } from './arrival-rate.ts';

/** Uploads that hold at most this much are small, bytes: most photographs that were scaled for the web. */
const SMALL_BYTES = 512 * 1024;
/** Share of the budget, 0..1, that only small uploads may use: large ones cannot keep them out, whatever they do. */
const SMALL_SHARE = 0.2;
/** An upload younger than this is never evicted, ms: nobody can tell yet how fast it is. */
const PROBATION_MS = 1_000;
/**
 * An upload that arrives at least this fast is never evicted, bytes a second: in a crowd of honest clients the one that
 * comes last is refused, which may try again, and not one that has sent most of its picture.
 */
const SLOW_BYTES_PER_SECOND = 100_000;

/** Time for which nobody is looked for after nobody was found, ms. */
const SEARCH_EVERY_MS = 100;

/** What a budget is made of. */
export interface BudgetOptions {
  /** Bytes. */
  readonly limit: number;
  /** Told the bytes held after each change. */
  readonly onChange?: (held: number) => void;
  readonly clock?: Clock;
}

/** The share of one request. */
export interface UploadReservation {
  /** Counts bytes that came over the wire, for the rate. @throws PawlError UPLOAD_INCOMPLETE after release. */
  readonly arrived: (bytes: number) => void;
  /** Bytes that came over the wire so far. */
  readonly received: () => number;
  /**
   * Adds memory that is about to be taken, bytes. Where there is no room, slow uploads of others are evicted.
   * @throws PawlError OVERLOADED when there is still none, UPLOAD_INCOMPLETE after release.
   */
  readonly grow: (bytes: number) => void;
  /** Gives memory back that `grow` added, bytes. */
  readonly shrink: (bytes: number) => void;
  /** Says that the whole body is there: it is evicted no longer. */
  readonly complete: () => void;
  /** Releases all its bytes; may be called again. */
  readonly release: () => void;
}

/** An upload as the budget sees it. */
interface Upload {
  held: number;
  received: number;
  readonly since: number;
  readonly rate: ArrivalRate;
  readonly evict: (error: PawlError) => void;
}

/**
 * Memory that bodies of requests may take at once, over all requests, bytes. Every client holds only what it has sent. A
 * flood of large bodies is refused before the container runs out of memory; clients that send much and then nothing make
 * room as soon as another one needs it, and small uploads have a share that large ones never get.
 */
export class UploadBudget {
  readonly #limit: number;
  readonly #onChange: (held: number) => void;
  readonly #clock: Clock;
  readonly #arriving = new Set<Upload>();
  #held = 0;
  /** Monotonic ms before which nobody is found. */
  #searchAt = 0;

  constructor({ limit, onChange = () => undefined, clock = systemClock }: BudgetOptions) {
    this.#limit = limit;
    this.#onChange = onChange;
    this.#clock = clock;
  }

  /** Bytes held now. */
  get held(): number {
    return this.#held;
  }

  /** Starts counting for one request. @param evict ends its upload, with an error for its client. */
  reserve(evict: (error: PawlError) => void): UploadReservation {
    const now = this.#clock.monotonic();
    let released = false;
    const assertOpen = (): void => {
      // A body may still arrive after its request was answered; nobody would release those bytes.
      if (released) throw new PawlError('UPLOAD_INCOMPLETE', { message: 'The request is already answered.' });
    };
    const release = (): void => {
      released = true;
      this.#arriving.delete(upload);
      this.#change(upload, -upload.held);
    };
    const upload: Upload = {
      held: 0,
      received: 0,
      since: now,
      rate: new ArrivalRate(now),
      evict: (error) => {
        release();
        evict(error);
      },
    };
    this.#arriving.add(upload);
    return {
      arrived: (bytes) => {
        assertOpen();
        upload.received += bytes;
        upload.rate.add(bytes, this.#clock.monotonic());
      },
      received: () => upload.received,
      grow: (bytes) => {
        assertOpen();
        this.#makeRoom(upload, bytes);
        this.#change(upload, bytes);
      },
      shrink: (bytes) => {
        this.#change(upload, -Math.min(bytes, upload.held));
      },
      complete: () => {
        this.#arriving.delete(upload);
      },
      release,
    };
  }

  #change(upload: Upload, bytes: number): void {
    upload.held += bytes;
    this.#held += bytes;
    this.#onChange(this.#held);
  }

  /** Who is to make room, if anybody. Where all are fast, a crowd is not looked through for every chunk that arrives. */
  #victim(upload: Upload): Upload | undefined {
    const now = this.#clock.monotonic();
    if (now < this.#searchAt) return undefined;
    const victim = slowest(this.#arriving, upload, now);
    if (victim === undefined) this.#searchAt = now + SEARCH_EVERY_MS;
    return victim;
  }

  /** @throws PawlError OVERLOADED. */
  #makeRoom(upload: Upload, bytes: number): void {
    const isSmall = upload.held + bytes <= SMALL_BYTES;
    const limit = isSmall ? this.#limit : this.#limit * (1 - SMALL_SHARE);
    // Nobody is evicted for an upload that could not be held alone.
    const couldFit = upload.held + bytes <= limit;
    while (this.#held + bytes > limit) {
      const victim = couldFit ? this.#victim(upload) : undefined;
      if (victim === undefined)
        throw new PawlError('OVERLOADED', { message: 'Too many bytes of uploads are held in memory.' });
      const kilobytes = (victim.rate.perSecond(this.#clock.monotonic()) / 1000).toFixed(1);
      victim.evict(
        new PawlError('UPLOAD_TIMEOUT', {
          message: `The memory for uploads is full, and this one was the slowest, at ${kilobytes} kB/s.`,
        }),
      );
    }
  }
}

/** The upload that arrives most slowly of those that may be evicted for another one; of equals the one that holds most. */
function slowest(uploads: Iterable<Upload>, except: Upload, now: number): Upload | undefined {
  let found: Upload | undefined;
  let foundRate = SLOW_BYTES_PER_SECOND;
  for (const upload of uploads) {
    if (upload === except || upload.held === 0 || now - upload.since < PROBATION_MS) continue;
    const rate = upload.rate.perSecond(now);
    if (rate > foundRate || (rate === foundRate && upload.held <= (found?.held ?? Infinity))) continue;
    found = upload;
    foundRate = rate;
  }
  return found;
}
