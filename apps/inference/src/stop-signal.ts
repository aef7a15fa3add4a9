const asked = new AbortController();
const ask = (): void => {
  asked.abort();
};
// A second signal changes nothing: terminals and npm deliver one Ctrl-C twice, and it must not cut off what the first one
// waits for. Whoever cannot wait has SIGKILL.
process.on('SIGTERM', ask);
process.on('SIGINT', ask);

/**
 * Aborted by SIGTERM and SIGINT. They are heard from the moment on when this module is loaded, so the program loads it
 * first: process 1 of a container is not ended by a signal that it does not listen to, and a pod that is told to end while
 * it starts would stay for its whole grace period.
 */
export const stopSignal: AbortSignal = asked.signal;
