import { eventually, type WaitOptions } from '@pawl/test-kit/eventually';

/** How long a wait may take. Generous: it only bounds a run that will fail; nothing is measured by it. */
const PATIENCE_MS = 300_000;

/** {@link eventually}, with the patience of a cluster. */
export const waitFor = <T>(what: string, ask: () => Promise<T> | T, options: WaitOptions = {}) =>
  eventually(what, ask, { timeoutMs: PATIENCE_MS, everyMs: 300, ...options });
