import { maskUri } from '@pawl/shared/errors/mask-uri';
import { isArtifactAllowed } from '@pawl/shared/modelversion/artifact-allowed';
import { AT_ONCE_MS, blocked, failed, passed, verifying } from '../rollout-plan.ts';
import type { Gate } from './gate.ts';

/** No pod exists before digest, files and signature were checked. */
export const verified: Gate = {
  name: 'verified',
  judge: (facts) => {
    if (facts.isVerified) return undefined;
    const { verification, version, policy } = facts;
    if (!isArtifactAllowed(version.spec.artifact.uri, policy))
      return blocked(
        'ArtifactNotAllowed',
        `The policy takes no weights from ${maskUri(version.spec.artifact.uri)}; artifact.allow has ${policy.artifact.allow?.join(', ') ?? 'nothing'}`,
      );
    const verify = { kind: 'verify' as const, version };
    switch (verification?.kind) {
      case undefined:
        return verifying('Verifying', FETCHING, { actions: [verify] });
      case 'running':
        return verification.before?.kind === 'unreachable'
          ? verifying(verification.before.reason, unreachable(verification.before))
          : verifying('Verifying', FETCHING);
      case 'refused':
        return failed(facts, verification.reason, verification.message);
      case 'key-invalid':
        return blocked('KeyInvalid', verification.message);
      case 'unsupported':
        return blocked('ImageVolumeUnsupported', verification.message);
      case 'unreachable': {
        const wait = verification.retryAt - facts.now;
        return verifying(verification.reason, unreachable(verification), {
          actions: wait > 0 ? [] : [verify],
          requeueAfterMs: Math.max(AT_ONCE_MS, wait),
        });
      }
      case 'verified':
        return verifying('Verified', 'The bundle is verified', {
          record: { artifact: verification.artifact },
          requeueAfterMs: AT_ONCE_MS,
        });
    }
  },
};

const FETCHING = 'The bundle is being fetched and verified';

const unreachable = ({ message, attempts }: { readonly message: string; readonly attempts: number }) =>
  `${message}; tried ${attempts === 1 ? 'once' : `${attempts} times`}, the stable pods are not touched`;

/** Weights that the stable pods already serve need no rollout: the object was recreated, or Pawl was reinstalled. */
export const notServedYet: Gate = {
  name: 'notServedYet',
  judge: (facts) =>
    facts.stable.digest === facts.version.spec.artifact.digest
      ? passed(facts, 'AlreadyServed', 'The stable pods already serve these weights')
      : undefined,
};

/** An environment may take verified weights as they are. */
export const canaryEnabled: Gate = {
  name: 'canaryEnabled',
  judge: (facts) =>
    facts.policy.canary.enabled ? undefined : passed(facts, 'CanaryOff', 'Verified; the policy asks for no canary'),
};
