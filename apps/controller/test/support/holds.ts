import type { Behaviour } from './pod-service.ts';
import type { FixtureOptions } from './environment-fixture.ts';

/** A state in which a rollout stays for as long as a test wants it to. */
export interface Hold {
  /** Where it stays. */
  readonly state: string;
  readonly policy?: FixtureOptions['policy'];
  readonly behaviour?: Partial<Behaviour>;
  readonly artifact?: { readonly uri: string };
}

/** No step passes with as many requests as this. */
export const endless = { analysis: { minRequests: 1_000_000_000 } };

/** Every state of a rollout on its way, by the words of a test's title. */
export const holds: Readonly<Record<string, Hold>> = {
  'being verified': { state: 'Verifying ArtifactNotFound', artifact: { uri: 'file:///nowhere' } },
  'its canary starting': { state: 'Canary CanaryStarting', behaviour: { pod: 'never-ready' } },
  'its canary being asked the acceptance images': { state: 'Canary Accepting', behaviour: { answerMs: 20_000 } },
  'at its first step': { state: 'Canary StepInconclusive 1', policy: endless },
  'being promoted': { state: 'Promoting', behaviour: { pod: 'late' } },
};
