const asked = new AbortController();
const ask = (): void => {
  asked.abort();
};
// A second signal changes nothing: terminals and npm deliver one Ctrl-C twice, and the second must not cut off the
// drain that the first began. SIGKILL ends the process at once.
process.on('SIGTERM', ask);
process.on('SIGINT', ask);

/**
 * Aborted by SIGTERM and SIGINT. The process listens to them as soon as this module is loaded, so the program loads it
 * first: process 1 of a container ignores signals that it does not listen to, and a pod that is deleted while it starts
 * would stay for its whole grace period.
 */
export const stopSignal: AbortSignal = asked.signal;
