import { maskUri } from '@pawl/shared/errors/mask-uri';
import { labels, POLICY_ROLE, PUBLIC_KEY_KEY, STABLE } from '@pawl/shared/modelversion/names';
import { compareVersions } from '../model-version/order.ts';
import { list } from '../../terminal/text.ts';
import { others, tellingCondition, type Evidence } from './evidence.ts';
import { certificateStep, trustAuthority } from './certificates.ts';
import { kubectl, newVersion, NOTHING, pawl, retract, sentence, type NextStep } from './explanation.ts';
import { reasonOfPass } from './passes.ts';
import { lastWords, summarizePod } from './pods.ts';
import type { WaitReason } from './todo.ts';

/** One reason of waiting in words. */
interface WaitWords {
  /** What it waits for, as the rest of "is not serving: ...". */
  readonly headline: string;
  readonly means: (evidence: Evidence) => string;
  readonly next: (evidence: Evidence) => readonly NextStep[];
  /** True when nothing happens until somebody does something. */
  readonly blocked?: true;
}

const watch = ({ version, flags }: Evidence): NextStep => ({
  text: `${NOTHING}; watch it go on`,
  command: `pawl rollout status ${version.metadata.name} --watch${flags}`,
});
const policyLabels = (evidence: Evidence): string =>
  `${labels.role}=${POLICY_ROLE},${labels.model}=${evidence.version.spec.model}`;
const onceFixed: NextStep = { text: 'nothing more: once it is fixed, the rollout begins by itself' };
const told = (evidence: Evidence): string => sentence(tellingCondition(evidence.version)?.message);

export const waitWords: Readonly<Record<WaitReason, WaitWords>> = {
  Verifying: {
    headline: 'its bundle is being verified',
    means: (e) =>
      `The controller is fetching the bundle from ${maskUri(e.version.spec.artifact.uri)} and compares digest, files and signature; no pod is started before that.`,
    next: (e) => [watch(e)],
  },
  StoreUnreachable: {
    headline: 'its store cannot be reached',
    means: (e) =>
      `The bundle cannot be verified because the store of ${maskUri(e.version.spec.artifact.uri)} cannot be reached; this is tried again, with growing pauses, and is no verdict about the weights. ${told(e)}`,
    next: (e) => [
      {
        text: 'bring the store back, or open the way to it from the controller (network policy, DNS, proxy); it then goes on by itself',
      },
      newVersion(e, 'if the address is wrong, correct it'),
    ],
  },
  CanaryStarting: {
    headline: 'its canary is starting',
    means: (e) => `The bundle is verified and its canary pods are starting; they get no requests yet. ${told(e)}`,
    next: (e) => [watch(e)],
  },
  CanaryHeldUp: {
    headline: 'the cluster keeps its canary from starting',
    means: (e) => {
      const stuck = e.pods.ok ? e.pods.value.map(summarizePod).find((pod) => pod.state === 'Unschedulable') : undefined;
      return stuck === undefined
        ? `The bundle is verified, but the canary cannot start for a reason that is not its weights: a node, an image, the store of the bundle, or a rule of the API server. It waits; this is no verdict about the weights. ${told(e)}`
        : `The bundle is verified, but the scheduler finds no node for the canary${stuck.detail === undefined ? '' : `: ${stuck.detail}`}. It waits; this is no verdict about the weights.`;
    },
    next: (e) => [
      ...[certificateStep(`${told(e)} ${lastWords(e) ?? ''}`)].filter((step) => step !== undefined),
      {
        text: 'see what its pods wait for, and fix that: room on a node (add one, or lower requests in the values of the chart), an image, or the store',
        command: kubectl(e, 'describe pods -l ' + `${labels.modelVersion}=${e.version.metadata.name}`),
      },
      { text: 'or stop this rollout', command: pawl(e, 'rollout abort') },
    ],
    blocked: true,
  },
  CanaryKilled: {
    headline: 'its canary was killed, and is tried again',
    means: (e) =>
      `A canary pod ran out of memory or was evicted by its node. Its weights may be the cause, but so may a picture, a crowd of requests, or what else runs on the node: the stable pods do not tell yet. The step holds until the pods are back, and is judged again; this is no verdict about the weights. ${told(e)}`,
    next: (e) => [
      {
        text: 'see what its pods ended with; if the memory limit is too low for these weights, raise it in the values of the chart',
        command: kubectl(e, `describe pods -l ${labels.modelVersion}=${e.version.metadata.name}`),
      },
      { text: 'or stop this rollout', command: pawl(e, 'rollout abort') },
    ],
    blocked: true,
  },
  Accepting: {
    headline: 'it is being asked the acceptance images',
    means: (e) =>
      `Its canary pods are ready and are being asked the labelled images of this environment; only if enough answers are right do they get requests. ${told(e)}`,
    next: (e) => [watch(e)],
  },
  StepRunning: {
    headline: 'its canary is being compared with the stable pods',
    means: (e) =>
      `It was verified and accepted, and its canary answers ${e.version.status?.weight ?? 0} % of the requests. ${told(e)}`,
    next: (e) => [
      watch(e),
      { text: 'or skip the remaining steps', command: pawl(e, 'rollout promote') },
      { text: 'or stop it', command: pawl(e, 'rollout abort') },
    ],
  },
  StepInconclusive: {
    headline: 'its canary cannot be judged yet',
    means: (e) => {
      const { analysis } = e.version.status ?? {};
      const seen =
        analysis === undefined
          ? ''
          : ` So far the canary answered ${analysis.canaryRequests} and the stable pods ${analysis.stableRequests} in this step.`;
      return `It holds at this step because there is too little data to compare the canary with the stable pods, or because what was seen may be chance or a burst of its clients; only a comparison is a pass.${seen} ${told(e)}`;
    },
    next: (e) => [
      {
        text: `wait for traffic, or send some; or lower analysis.minRequests in the rollout policy of ${e.version.spec.model}`,
      },
      { text: 'or promote it by your own judgement', command: pawl(e, 'rollout promote') },
    ],
    blocked: true,
  },
  StableNotReady: {
    headline: 'no stable pod is ready to compare it with',
    means: (e) =>
      `It was verified and accepted, but a version is only promoted by comparison with the stable pods, and none of them is ready now. It holds where it is and goes on by itself when they are back. ${told(e)}`,
    next: (e) => [
      {
        text: 'see what the stable pods wait for, and fix that',
        command: kubectl(e, `get pods -l ${labels.model}=${e.version.spec.model},${labels.track}=${STABLE}`),
      },
      { text: 'or promote it by your own judgement, if it is what mends them', command: pawl(e, 'rollout promote') },
      { text: 'or stop this rollout', command: pawl(e, 'rollout abort') },
    ],
    blocked: true,
  },
  RouteNotAccepted: {
    headline: 'its gateway does not take the HTTPRoute',
    means: (e) =>
      `It was verified and accepted, but the gateway does not send requests by the HTTPRoute that splits them, so there is nothing to compare. It waits, and goes on by itself when the gateway takes the route; this is no verdict about the weights. ${told(e)}`,
    next: (e) => [
      {
        text: 'see what the gateway says, and fix that: its listeners, the hostnames, the namespaces that it takes routes from, or traffic.gateway in the rollout policy',
        command: kubectl(e, `get httproute -l ${labels.model}=${e.version.spec.model} -o yaml`),
      },
      { text: 'or stop this rollout', command: pawl(e, 'rollout abort') },
    ],
    blocked: true,
  },
  Promoting: {
    headline: 'the stable pods are taking its weights',
    means: (e) =>
      `It passed${reasonOfPass(e)}, and the stable pods are being replaced by pods with its weights. ${told(e)}`,
    next: (e) => [watch(e)],
  },
  StoreUntrusted: {
    headline: 'the certificate of its store is not trusted',
    means: (e) =>
      `The bundle cannot be verified because the store of ${maskUri(e.version.spec.artifact.uri)} shows a certificate that the controller does not trust, so nothing was sent to it; its credentials are not the cause. This is tried again, and is no verdict about the weights. ${told(e)}`,
    next: (e) => [certificateStep(told(e)) ?? trustAuthority, newVersion(e, 'if the address is wrong, correct it')],
    blocked: true,
  },
  StoreRefused: {
    headline: 'its store refuses the controller',
    means: (e) =>
      `The bundle cannot be verified because the store of ${maskUri(e.version.spec.artifact.uri)} refuses the controller: its credentials are missing, wrong, or may not read it. This is tried again, and is no verdict about the weights. ${told(e)}`,
    next: (e) => [
      { text: "give the controller's account the right to read the store; it then goes on by itself" },
      newVersion(e, 'if the address is wrong, correct it'),
    ],
    blocked: true,
  },
  ArtifactNotFound: {
    headline: 'its bundle is not in the store',
    means: (e) =>
      `The store answers, and it has no bundle at ${maskUri(e.version.spec.artifact.uri)}: it was not published yet, or the address is wrong. This is tried again, and is no verdict about the weights. ${told(e)}`,
    next: (e) => [
      { text: `publish the bundle of digest ${e.version.spec.artifact.digest} there; it then goes on by itself` },
      newVersion(e, 'if the address is wrong, correct it'),
      retract(e),
    ],
    blocked: true,
  },
  VerifierUnavailable: {
    headline: 'the controller cannot verify it',
    means: (e) =>
      `The bundle cannot be verified for a reason in the controller itself, such as a full disk; this is tried again, and is no verdict about the weights. ${told(e)}`,
    next: () => [{ text: "make room in the folder VERIFY_DIR of the controller's pod; it then goes on by itself" }],
    blocked: true,
  },
  ImageVolumeUnsupported: {
    headline: 'its bundle cannot be mounted as an image volume',
    means: (e) =>
      `The rollout policy asks to mount bundles as image volumes (artifact.mount: image), and that cannot be done with this address or on these nodes. ${told(e)}`,
    next: (e) => [
      {
        text: `set artifact.mount: fetch in the rollout policy of ${e.version.spec.model}, or offer the weights at an oci: address`,
      },
      onceFixed,
    ],
    blocked: true,
  },
  ArtifactNotAllowed: {
    headline: 'its address is not one that this environment takes weights from',
    means: (e) => `The rollout policy limits where weights may come from (artifact.allow). ${told(e)}`,
    next: (e) => [
      newVersion(e, 'publish the weights to a store that is allowed, and offer them there'),
      { text: `or allow the address in artifact.allow of the rollout policy of ${e.version.spec.model}` },
      onceFixed,
    ],
    blocked: true,
  },
  DuplicateVersion: {
    headline: 'another object has the same version',
    means: (e) => {
      const twins = others(e).filter((other) => compareVersions(other.spec.version, e.version.spec.version) === 0);
      const names = list(twins.map((twin) => twin.metadata.name));
      return `${names === '' ? 'An older object' : names} already offers ${e.version.spec.model} ${e.version.spec.version}; a version names one set of weights, so the older object keeps it and this one is ignored.`;
    },
    next: (e) => [newVersion(e, 'if these are other weights'), retract(e)],
    blocked: true,
  },
  VersionInvalid: {
    headline: 'its version is no semantic version',
    means: (e) =>
      `${e.version.spec.version} is no semantic version as semver.org defines it, so it cannot be compared with other versions; it was made before the CRD refused such versions. Only this object is ignored; the other versions of ${e.version.spec.model} are rolled out and back as ever.`,
    next: (e) => [newVersion(e, 'to offer these weights'), retract(e)],
    blocked: true,
  },
  PrereleaseNotAllowed: {
    headline: 'this environment takes no prereleases',
    means: (e) =>
      `${e.version.spec.version} is a prerelease, and the rollout policy of ${e.version.spec.model} takes none here (versions.prerelease: false); the highest version that is no prerelease is the one to serve.`,
    next: (e) => [
      newVersion(e, 'to offer these weights to users, release them under a version without a hyphen'),
      {
        text: `or set versions.prerelease: true in the rollout policy of ${e.version.spec.model}; it then begins by itself`,
      },
      retract(e),
    ],
    blocked: true,
  },
  PolicyMissing: {
    headline: 'there is no rollout policy',
    means: (e) => {
      const found = e.policies.ok ? e.policies.value.map((each) => each.metadata.name) : [];
      return `This environment has no rollout policy for ${e.version.spec.model}: ${
        found.length > 0
          ? `the ConfigMap ${list(found)} has the labels, but cannot be used`
          : `no ConfigMap has the labels ${policyLabels(e)}`
      }; the environment, and never the version, says how weights are judged. ${told(e)}`;
    },
    next: (e) => [
      {
        text: 'install the chart for this model, or create the ConfigMap',
        command: kubectl(e, `get configmap -l ${policyLabels(e)}`),
      },
      onceFixed,
    ],
    blocked: true,
  },
  PolicyInvalid: {
    headline: 'the rollout policy is invalid',
    means: (e) => `The rollout policy of ${e.version.spec.model} in this environment cannot be used. ${told(e)}`,
    next: (e) => [
      {
        text: 'correct policy.yaml (the chart does it from its `rollout` values)',
        command: kubectl(e, `edit configmap -l ${policyLabels(e)}`),
      },
      onceFixed,
    ],
    blocked: true,
  },
  StableMissing: {
    headline: 'there is no stable Deployment',
    means: (e) => {
      const found = e.stable.ok ? e.stable.value.map((each) => each.metadata.name) : [];
      return `There is ${found.length > 1 ? `more than one stable Deployment (${list(found)})` : 'no stable Deployment'} of ${e.version.spec.model} in namespace ${e.namespace} (labels ${labels.model}=${e.version.spec.model},${labels.track}=${STABLE}), and the canary is made from its pod template. ${told(e)}`;
    },
    next: (e) => [
      {
        text: 'install the chart for this model',
        command: kubectl(e, `get deployments -l ${labels.model}=${e.version.spec.model}`),
      },
      onceFixed,
    ],
    blocked: true,
  },
  KeyInvalid: {
    headline: 'the public key cannot be read',
    means: (e) =>
      `This environment wants signed bundles, but its public key (${PUBLIC_KEY_KEY} of the rollout policy) is not a key that can be read, so nothing can be verified. ${told(e)}`,
    next: (e) => [
      {
        text: `put the PEM of the public key there, as cosign or openssl writes it`,
        command: kubectl(e, `get configmap -l ${policyLabels(e)} -o yaml`),
      },
      onceFixed,
    ],
    blocked: true,
  },
};
