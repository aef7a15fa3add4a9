import type { PassReason } from '@pawl/shared/modelversion/model-version';
import type { Evidence } from './evidence.ts';

const passWords: Readonly<Record<PassReason, string>> = {
  FirstVersion: ' as the first version here, with none to compare it with',
  AlreadyServed: ' because the stable pods had these weights already',
  CanaryOff: ' verification; the policy asks for no canary',
  StepsCompleted: ' every step of its canary',
  PromotedByHand: ': somebody promoted it by hand',
};

/** Why a verdict passed, as part of a sentence. */
export function reasonOfPass(evidence: Evidence): string {
  const reason = evidence.version.status?.verdict?.reason;
  return (passWords as Readonly<Record<string, string | undefined>>)[reason ?? ''] ?? '';
}
