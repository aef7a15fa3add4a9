import { releaseFacts } from '../release/release-message.ts';
import type { ReleasePlan } from '../release/plan-release.ts';
import type { Proposal } from '../release/release.ts';
import type { GateResult } from './judge-verdict.ts';
import { promotionNote, PROMOTION_TRAILER, WITHOUT_ANALYSIS_TRAILER } from './trailers.ts';

/** Pure: the commit of a promotion: what it brings, by what it was proved, and trailers for scripts. */
export function promotionMessage(
  from: string,
  proposal: Pick<Proposal, 'environment' | 'release' | 'previous'>,
  plan: Extract<ReleasePlan, { kind: 'release' }>,
  findings: readonly GateResult[],
  subject?: string,
): string {
  const { environment, release } = proposal;
  const { name, version } = release.manifest;
  const waived = findings.filter(({ outcome }) => outcome === 'waived');
  return [
    subject ?? `Promote ${name} ${version} from ${from} to ${environment.name}`,
    '',
    ...releaseFacts(proposal, plan),
    '',
    `proved in ${from}:`,
    ...findings.map(
      ({ subject: what, outcome, detail }) => `  ${what}: ${outcome === 'waived' ? 'promoted without; ' : ''}${detail}`,
    ),
    '',
    `${PROMOTION_TRAILER}: ${promotionNote(name, version, release.digest, from, environment.name)}`,
    ...waived.map(({ detail }) => `${WITHOUT_ANALYSIS_TRAILER}: ${detail}`),
    '',
  ].join('\n');
}
