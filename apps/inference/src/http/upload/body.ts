import type { IncomingMessage } from 'node:http';
import type { BodyMeter } from './body-meter.ts';
import type { UploadReservation } from './upload-budget.ts';

/**
 * Feeds the chunks of a body to `take` while they arrive. Resolves when the body is over.
 * @throws what `take`, the meter and the reservation throw; chunks after that are dropped.
 */
export function feedBody(
  request: IncomingMessage,
  meter: BodyMeter,
  reservation: UploadReservation,
  take: (chunk: Uint8Array) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const onData = (chunk: Uint8Array): void => {
      try {
        reservation.arrived(chunk.byteLength);
        meter.take(chunk.byteLength);
        take(chunk);
      } catch (error) {
        request.off('data', onData);
        // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- passed on as it was thrown
        reject(error);
      }
    };
    request.on('data', onData);
    request.once('end', resolve);
  });
}
