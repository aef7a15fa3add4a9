import { accepted } from './acceptance.ts';
import { canaryReady, nameFits } from './canary.ts';
import type { Gate } from './gate.ts';
import { notPromoting, notSuspended } from './promotion.ts';
import { routeAccepted } from './route.ts';
import { needsSteps, stepsPassed } from './steps.ts';
import { canaryEnabled, notServedYet, verified } from './verification.ts';

/** The gates of a version, in order: the first one that does not let it pass decides what happens. */
export const gates: readonly Gate[] = [
  notSuspended,
  notPromoting,
  verified,
  notServedYet,
  canaryEnabled,
  nameFits,
  canaryReady,
  accepted,
  needsSteps,
  routeAccepted,
  stepsPassed,
];
