import type { conditionReasons, FailureReason } from '@pawl/shared/modelversion/model-version';
import { NOTHING } from './explanation.ts';

/** Reasons under which a version is on its way, or waits. */
export type WaitReason = Exclude<
  (typeof conditionReasons)[number],
  // What other conditions repeat, or what has a text of its own.
  | 'Verified'
  | 'NotVerified'
  | 'ImagesAnswered'
  | 'NoImages'
  | 'NotAccepted'
  | 'Serving'
  | 'Superseded'
  | 'Suspended'
  | 'PodsNotReady'
  | 'DeploymentPaused'
  | 'ApiRefused'
>;

/** What to do about each reason of a Failed verdict, in a few words, for the first line; the steps say more. */
export const failureTodo: Readonly<Record<FailureReason, string>> = {
  ArtifactInvalid: 'package the weights again and offer them as a new version',
  ArtifactTooLarge: 'make the bundle smaller, or raise artifact.maxBytes and retry it',
  DigestMismatch: 'find out who wrote to the store',
  SignatureMissing: 'sign the bundle with the key of this environment and retry it',
  SignatureInvalid: 'find out who signed it',
  ModelMismatch: 'package the weights under the right name, or correct the address',
  VersionMismatch: 'offer the bundle under the version of its manifest',
  CanaryCrashed: 'read why its pods died',
  CanaryNotReady: 'read what its pods waited for',
  AcceptanceFailed: 'look at the images that it mistook',
  ErrorRateHigh: 'fix the weights and offer them as a new version',
  LatencyHigh: 'make the model faster and offer it as a new version',
  PredictionsShifted: 'find out which label it prefers, and offer fixed weights as a new version',
  Aborted: 'retry it if it was stopped by mistake',
  PromotionFailed: 'read what the stable pods waited for',
};

const WATCH = `${NOTHING} but to watch`;

/** The same for each reason of waiting. */
export const waitTodo: Readonly<Record<WaitReason, string>> = {
  Verifying: WATCH,
  CanaryStarting: WATCH,
  Accepting: WATCH,
  StepRunning: WATCH,
  Promoting: WATCH,
  StoreUnreachable: 'bring its store back, or open the way to it',
  StoreUntrusted: 'set trustedCertificates.configMap where its authority is your own, or renew it',
  StoreRefused: 'let the controller read its store',
  ArtifactNotFound: 'publish its bundle there, or correct the address',
  VerifierUnavailable: "make room in the controller's pod",
  ImageVolumeUnsupported: 'set artifact.mount: fetch in the rollout policy',
  ArtifactNotAllowed: 'publish it to a store that is allowed',
  CanaryHeldUp: 'see what its pods wait for, and fix that',
  CanaryKilled: 'see what its pods ended with',
  RouteNotAccepted: 'see what the gateway says of the route, and fix that',
  StepInconclusive: 'wait for traffic, or send some',
  StableNotReady: 'see what the stable pods wait for, and fix that',
  DuplicateVersion: 'withdraw it, or offer the weights as a new version',
  VersionInvalid: 'offer the weights under a semantic version',
  PrereleaseNotAllowed: 'release the weights under a version without a hyphen, or let the policy take prereleases',
  PolicyMissing: 'install the chart for this model',
  PolicyInvalid: 'correct the rollout policy',
  StableMissing: 'install the chart for this model',
  KeyInvalid: 'put a public key there that can be read',
};
