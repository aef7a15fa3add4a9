/**
 * Lets a promise run without anybody waiting for it. A rejection that nobody handles ends the process, so every promise
 * that is not awaited goes through here.
 *
 * @param onError gets what the promise is rejected with; it must not throw.
 */
export function inBackground(promise: Promise<unknown>, onError: (error: unknown) => void): void {
  promise.catch(onError);
}
