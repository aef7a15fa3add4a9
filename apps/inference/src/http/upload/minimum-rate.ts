import type { Clock } from '@pawl/shared/concurrency/clock';
import { PawlError } from '@pawl/shared/errors/pawl-error';
import type { UploadReservation } from './upload-budget.ts';

/** Time over which the rate is averaged, ms: a phone may lose its network for some seconds. */
const PERIOD_MS = 5_000;

/**
 * Ends an upload that arrives more slowly than it must, over any whole period. A period in which this process did not get
 * to run, because it was stopped or had no CPU, is not held against the client.
 * @param bytesPerSecond 0: as slow as it likes.
 * @param end called at most once, with UPLOAD_TIMEOUT.
 * @returns what stops watching.
 */
export function watchRate(
  clock: Clock,
  bytesPerSecond: number,
  upload: Pick<UploadReservation, 'received'>,
  end: (error: PawlError) => void,
): () => void {
  if (bytesPerSecond === 0) return () => undefined;
  let cancel: () => void = () => undefined;
  const watch = (): void => {
    const begin = clock.monotonic();
    const before = upload.received();
    cancel = clock.schedule(PERIOD_MS, () => {
      const came = ((upload.received() - before) * 1000) / PERIOD_MS;
      const wasStalled = clock.monotonic() - begin > 1.5 * PERIOD_MS;
      if (came >= bytesPerSecond || wasStalled) watch();
      else
        end(
          new PawlError('UPLOAD_TIMEOUT', {
            message: `The body arrived at ${Math.round(came)} bytes a second over ${PERIOD_MS / 1000} s; at least ${bytesPerSecond} are expected.`,
          }),
        );
    });
  };
  watch();
  return () => {
    cancel();
  };
}
