import { maskUri } from '@pawl/shared/errors/mask-uri';
import type { FailureReason } from '@pawl/shared/modelversion/model-version';
import { annotations, FETCH_CONTAINER, PUBLIC_KEY_KEY } from '@pawl/shared/modelversion/names';
import { count } from '../../terminal/text.ts';
import type { Evidence } from './evidence.ts';
import { kubectl, newVersion, retract, retry, type NextStep } from './explanation.ts';
import { lastWords } from './pods.ts';

/** Whether users met the version before it failed. */
type Exposure = 'none' | 'canary' | 'unknown';

/** One reason of failure in words. */
interface FailureWords {
  /** What it means, for someone who has not read the documentation. */
  readonly means: (evidence: Evidence) => string;
  readonly exposure: Exposure;
  readonly next: (evidence: Evidence) => readonly NextStep[];
}

const uri = (evidence: Evidence): string => maskUri(evidence.version.spec.artifact.uri);
const publish = (evidence: Evidence): string =>
  `publish the bundle of digest ${evidence.version.spec.artifact.digest} at ${uri(evidence)}`;
const policyOf = (evidence: Evidence): string => `the rollout policy of ${evidence.version.spec.model}`;

/** What each reason of a Failed verdict means, and what to do about it. */
export const failureWords: Readonly<Record<FailureReason, FailureWords>> = {
  ArtifactInvalid: {
    means: () => 'The bundle cannot be used as it is: its manifest or one of its files is damaged or missing',
    exposure: 'none',
    next: (e) => [newVersion(e, 'package the weights again')],
  },
  ArtifactTooLarge: {
    means: () => 'The bundle is larger than this environment accepts (artifact.maxBytes of its rollout policy)',
    exposure: 'none',
    next: (e) => [
      retry(e, `if the size is intended, raise artifact.maxBytes in ${policyOf(e)}; then`),
      newVersion(e, 'or make the bundle smaller'),
    ],
  },
  DigestMismatch: {
    means: (e) =>
      `What lies at ${uri(e)} is not what was offered: its bytes do not have the digest that spec.artifact.digest names, so somebody overwrote it, or the digest was copied wrongly`,
    exposure: 'none',
    next: (e) => [
      { text: 'find out who wrote to the store' },
      newVersion(e, 'if the digest was copied wrongly, correct it'),
      retry(e, `if the store was wrong, ${publish(e)}; then`),
    ],
  },
  SignatureMissing: {
    means: () =>
      `This environment has a public key, so it takes signed bundles only (${PUBLIC_KEY_KEY} of its rollout policy), and this bundle has no signature`,
    exposure: 'none',
    next: (e) => [
      retry(
        e,
        'sign the bundle with the key of this environment (the digest stays the same) and publish the signature beside it; then',
      ),
    ],
  },
  SignatureInvalid: {
    means: () =>
      'The bundle has a signature, and it was not made by the key that this environment trusts: it was signed with another key, or changed after it was signed',
    exposure: 'none',
    next: (e) => [
      { text: 'find out who signed it; weights that nobody answers for must not be served' },
      retry(e, 'if it was only the wrong key, sign the bundle again with the right one; then'),
    ],
  },
  ModelMismatch: {
    means: (e) =>
      `The bundle is sound, but it is not of ${e.version.spec.model}: its manifest bears another model than spec names`,
    exposure: 'none',
    next: (e) => [newVersion(e, 'package the weights under the right name and version, or correct the address')],
  },
  VersionMismatch: {
    means: (e) =>
      `The bundle is sound, but it is not ${e.version.spec.version}: its manifest bears another version than spec names, so an old bundle may be offered as a new one`,
    exposure: 'none',
    next: (e) => [newVersion(e, 'offer it under the version of its manifest, or package the weights under a new one')],
  },
  CanaryCrashed: {
    means: (e) => {
      const words = lastWords(e);
      return `A pod with these weights crashed${words === undefined ? '' : `; its last words: "${words}"`}`;
    },
    exposure: 'unknown',
    next: (e) => [
      {
        text: `read why the pods died (the log of ${FETCH_CONTAINER} too); once they are gone, their events and the log store have it`,
        command: kubectl(e, `logs -l pawl.dev/model-version=${e.version.metadata.name} --all-containers --previous`),
      },
      newVersion(e, 'if the weights are the cause'),
      retry(e, 'if it was the environment (memory limit, node, network), fix that; then'),
    ],
  },
  CanaryNotReady: {
    means: () => 'The canary pods did not become ready in time (canary.readyTimeoutSeconds of the rollout policy)',
    exposure: 'unknown',
    next: (e) => [
      {
        text: 'read what the pods waited for',
        command: kubectl(e, `get events --field-selector type=Warning --sort-by .lastTimestamp`),
      },
      retry(e, 'if it was the environment (image pull, quota, node, a slow store), fix that; then'),
      newVersion(e, 'if the weights do not load or miss their golden answers'),
    ],
  },
  AcceptanceFailed: {
    means: (e) => {
      const { acceptance } = e.version.status ?? {};
      const first = acceptance?.mistakes[0];
      const example =
        first === undefined
          ? ''
          : `; the image ${first.image} shows ${first.expected} and was answered ${first.answered}`;
      return `The pods were healthy and their answers wrong: they did not recognise enough of the labelled images that this environment keeps for the purpose${example}`;
    },
    exposure: 'none',
    next: (e) => [
      { text: 'look at the mistakes above: swapped labels, another preprocessing, or weights that are worse' },
      newVersion(e),
      retry(e, 'only if the acceptance images themselves were mislabelled, correct them; then'),
    ],
  },
  ErrorRateHigh: {
    means: () =>
      'Under real requests the canary failed more often than the stable pods, by more than the policy allows (analysis.maxErrorRateIncrease)',
    exposure: 'canary',
    next: (e) => [
      newVersion(e),
      retry(e, "only if the errors were not the canary's doing (a node, the network), fix that; then"),
    ],
  },
  LatencyHigh: {
    means: () =>
      'Under real requests the canary was slower than the stable pods, by more than the policy allows (analysis.maxP95Ratio)',
    exposure: 'canary',
    next: (e) => [
      newVersion(e, 'make the model faster (quantise it, take a smaller one)'),
      retry(
        e,
        'only if its pods were slowed down by their node, or a slower model is wanted and the policy says so; then',
      ),
    ],
  },
  PredictionsShifted: {
    means: () =>
      'It passed the acceptance images, but under real requests it predicts another mix of labels than the stable pods do, by more than the policy allows (analysis.maxLabelShift)',
    exposure: 'canary',
    next: (e) => [
      newVersion(e, 'find out which label it prefers and why, fix the weights'),
      retry(e, 'only if another mix is what you want, raise analysis.maxLabelShift in the policy; then'),
    ],
  },
  Aborted: {
    means: () => `Somebody stopped this rollout by hand (${annotations.abort}); nothing is said about the weights`,
    exposure: 'unknown',
    next: (e) => [retry(e, 'if it was stopped by mistake, or the cause is gone')],
  },
  PromotionFailed: {
    means: () =>
      'It passed the canary, but the stable pods did not become ready with it in time (promotion.readyTimeoutSeconds), so they were given the previous weights back',
    exposure: 'canary',
    next: (e) => [
      {
        text: 'read what the stable pods waited for',
        command: kubectl(e, `get events --field-selector type=Warning --sort-by .lastTimestamp`),
      },
      retry(e, 'if it was the environment (quota, nodes, a disruption budget), fix that; then'),
      newVersion(e, 'if the weights are the cause'),
    ],
  },
};

/** Whether users met the version, in a sentence. */
export function exposureOf(reason: FailureReason, evidence: Evidence): string {
  const { analysis } = evidence.version.status ?? {};
  switch (failureWords[reason].exposure) {
    case 'none':
      return 'No user met it: this comes before any traffic.';
    case 'canary':
      return analysis === undefined
        ? 'Only requests of the canary met it, and they go to the stable pods again.'
        : `It answered ${count(analysis.canaryRequests, 'request')} in step ${analysis.step}; all requests go to the stable pods again.`;
    case 'unknown':
      return analysis === undefined
        ? ''
        : `Before, it answered ${count(analysis.canaryRequests, 'request')} in step ${analysis.step}.`;
  }
}

/** Last step of every failure. */
export const afterwards = (evidence: Evidence): NextStep => retract(evidence);
