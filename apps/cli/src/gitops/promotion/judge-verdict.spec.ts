import type { ModelVersionStatus } from '@pawl/shared/modelversion/model-version';
import { digestOf } from '../../bundles/test/builders.ts';
import { aReleased } from '../test/builders.ts';
import { judgeVerdict, refusalOf, type VerdictQuestion } from './judge-verdict.ts';
import type { ObservedVersion } from './verdict.ts';

const NOW = new Date('2026-11-22T12:00:00Z');
const before = (minutes: number): string => new Date(NOW.getTime() - minutes * 60_000).toISOString();

const CANDIDATE = aReleased('1.1.0', digestOf('2'));

const STATUS: ModelVersionStatus = {
  observedGeneration: 3,
  phase: 'Serving',
  weight: 100,
  message: 'Every stable pod serves it',
  conditions: [
    {
      type: 'Ready',
      status: 'True',
      reason: 'Serving',
      message: 'It serves',
      lastTransitionTime: before(90),
      observedGeneration: 3,
    },
  ],
  acceptance: { total: 16, correct: 15, required: 15, at: before(100), template: 'x', mistakes: [] },
  analysis: {
    step: 2,
    verdict: 'Pass',
    at: before(91),
    canaryRequests: 100,
    stableRequests: 100,
    checks: [{ name: 'ErrorRate', verdict: 'Pass', message: 'no errors' }],
  },
  verdict: { outcome: 'Passed', reason: 'StepsCompleted', message: 'All steps passed', at: before(90) },
};

const READY = STATUS.conditions[0];
if (READY === undefined) throw new Error('the status has a condition');

const observed = (
  changes: Partial<ObservedVersion> = {},
  status: Partial<ModelVersionStatus> = {},
): ObservedVersion => ({
  name: CANDIDATE.name,
  namespace: 'pawl-staging',
  generation: 3,
  deleting: false,
  spec: CANDIDATE.spec,
  status: { ...STATUS, ...status },
  observedAt: NOW,
  ...changes,
});

const question = (it: ObservedVersion, changes: Partial<VerdictQuestion> = {}): VerdictQuestion => ({
  candidate: CANDIDATE,
  from: 'staging',
  to: 'prod',
  observed: it,
  namespace: 'pawl-staging',
  now: NOW,
  maxAgeMs: 15 * 60_000,
  servingForMs: 60 * 60_000,
  targetHasModel: true,
  withoutAnalysis: false,
  ...changes,
});

const passedFor = (reason: NonNullable<ModelVersionStatus['verdict']>['reason']): Partial<ModelVersionStatus> => ({
  verdict: { outcome: 'Passed', reason, message: 'It passed', at: before(90) },
});

describe('the gates of a promotion', () => {
  it('are all shown for a version that proved itself', () => {
    const findings = judgeVerdict(question(observed()));
    expect(refusalOf(findings)).toBeUndefined();
    expect(findings.map(({ subject, outcome, detail }) => [subject, outcome, detail])).toEqual([
      ['digest', 'pass', 'sha256:222222222222 in staging, as in Git'],
      ['observed', 'pass', 'now'],
      ['offered', 'pass', 'not suspended, not being deleted'],
      ['status', 'pass', 'of generation 3, the newest'],
      ['phase', 'pass', 'Serving'],
      ['serving', 'pass', 'for 90m of 60m asked for'],
      ['health', 'pass', 'its stable pods are well'],
      ['acceptance', 'pass', '15/16 right, 15 required'],
      ['analysis', 'pass', 'step 2: ErrorRate Pass'],
    ]);
  });

  const { spec } = CANDIDATE;
  it.each<[string, string, ObservedVersion, Partial<VerdictQuestion>?]>([
    ['another model', 'VERDICT_INVALID', observed({ spec: { ...spec, model: 'birds' } })],
    ['another version', 'VERDICT_INVALID', observed({ spec: { ...spec, version: '1.0.0' } })],
    ['another object', 'VERDICT_INVALID', observed({ name: 'catdog-old' })],
    ['another namespace', 'VERDICT_INVALID', observed({ namespace: 'pawl-prod' })],
    [
      'another digest',
      'DIGEST_DIFFERS',
      observed({ spec: { ...spec, artifact: { ...spec.artifact, digest: digestOf('3') } } }),
    ],
    [
      'another address',
      'DIGEST_DIFFERS',
      observed({ spec: { ...spec, artifact: { ...spec.artifact, uri: 'oci://other.example/catdog:1.1.0' } } }),
    ],
    [
      'another digest that was verified',
      'DIGEST_DIFFERS',
      observed(
        {},
        { artifact: { digest: digestOf('3'), version: '1.1.0', sizeBytes: 1, signed: true, verifiedAt: '' } },
      ),
    ],
    ['a verdict of yesterday', 'VERDICT_OLD', observed({ observedAt: new Date(before(1440)) })],
    ['a verdict a second too old', 'VERDICT_OLD', observed({ observedAt: new Date(NOW.getTime() - 901_000) })],
    ['a verdict of tomorrow', 'VERDICT_OLD', observed({ observedAt: new Date(before(-1440)) })],
    ['one that goes', 'VERSION_DELETED', observed({ deleting: true })],
    ['one that is suspended', 'VERSION_SUSPENDED', observed({ spec: { ...spec, suspend: true } })],
    ['one that is Suspended', 'VERSION_SUSPENDED', observed({}, { phase: 'Suspended' })],
    [
      'one that is suspended in Git',
      'VERSION_SUSPENDED',
      observed(),
      { candidate: { ...CANDIDATE, spec: { ...spec, suspend: true } } },
    ],
    ['a status of an older spec', 'VERDICT_OUTDATED', observed({ generation: 4 })],
    ['no status', 'VERDICT_OUTDATED', observed({ status: undefined })],
    ['a canary', 'NOT_SERVING', observed({}, { phase: 'Canary' })],
    ['a version that another one replaced', 'NOT_SERVING', observed({}, { phase: 'Superseded' })],
    [
      'pods that are not ready',
      'NOT_SERVING',
      observed({}, { conditions: [{ ...READY, status: 'False', reason: 'Promoting' }] }),
    ],
    ['no Ready condition', 'NOT_SERVING', observed({}, { conditions: [] })],
    [
      'a Ready condition of an older spec',
      'NOT_SERVING',
      observed({}, { conditions: [{ ...READY, observedGeneration: 2 }] }),
    ],
    ['too short a time', 'NOT_SERVING_LONG', observed(), { servingForMs: 90 * 60_000 + 1 }],
    [
      'a time that nobody observed',
      'NOT_SERVING_LONG',
      observed({ observedAt: new Date(before(10)) }),
      { servingForMs: 81 * 60_000 },
    ],
    [
      'a time that is none',
      'NOT_SERVING_LONG',
      observed({}, { conditions: [{ ...READY, lastTransitionTime: 'long ago' }] }),
    ],
    [
      'stable pods that are not well',
      'NOT_WELL',
      observed(
        {},
        { conditions: [READY, { ...READY, type: 'Degraded', reason: 'PodsNotReady', message: 'one crashes' }] },
      ),
    ],
    ['no acceptance', 'NOT_ACCEPTED', observed({}, { acceptance: undefined })],
    [
      'no acceptance images',
      'NOT_ACCEPTED',
      observed({}, { acceptance: { total: 0, correct: 0, required: 0, at: '', template: '', mistakes: [] } }),
    ],
    [
      'too many mistakes',
      'NOT_ACCEPTED',
      observed({}, { acceptance: { total: 16, correct: 14, required: 15, at: '', template: '', mistakes: [] } }),
    ],
    ['no verdict', 'NOT_ANALYSED', observed({}, { verdict: undefined })],
    ['no analysis', 'NOT_ANALYSED', observed({}, { analysis: undefined })],
    [
      'no analysis of what was served before',
      'NOT_ANALYSED',
      observed({}, { ...passedFor('AlreadyServed'), analysis: undefined }),
    ],
    ['a canary that was off', 'NOT_ANALYSED', observed({}, passedFor('CanaryOff'))],
    ['steps that were skipped', 'NOT_ANALYSED', observed({}, passedFor('PromotedByHand'))],
    ['a first version where there is one', 'NOT_ANALYSED', observed({}, passedFor('FirstVersion'))],
    [
      'an analysis that did not pass',
      'NOT_ANALYSED',
      observed({}, STATUS.analysis && { analysis: { ...STATUS.analysis, verdict: 'Inconclusive' } }),
    ],
  ])('refuse %s: %s', (_, code, it, changes = {}) => {
    const refusal = refusalOf(judgeVerdict(question(it, changes)));
    expect(refusal?.code).toBe(code);
    expect(refusal?.message).toMatch(/^\S.*\.$/);
    expect(refusal?.hint).toMatch(/\S/);
  });

  it.each<[string, ObservedVersion, Partial<VerdictQuestion>?]>([
    ['exactly the time that is asked for', observed(), { servingForMs: 90 * 60_000 }],
    ['a clock that is half a minute ahead', observed({ observedAt: new Date(NOW.getTime() + 30_000) })],
    ['a verdict of exactly the greatest age', observed({ observedAt: new Date(before(15)) })],
    ['weights that were served before, with their records', observed({}, passedFor('AlreadyServed'))],
    [
      'the first version everywhere',
      observed({}, { ...passedFor('FirstVersion'), analysis: undefined }),
      { targetHasModel: false },
    ],
    ['a namespace that nobody knows', observed({ namespace: undefined }), { namespace: undefined }],
  ])('pass %s', (_, it, changes = {}) => {
    expect(refusalOf(judgeVerdict(question(it, changes)))).toBeUndefined();
  });

  it('let somebody answer for the analysis, and for nothing else', () => {
    const findings = judgeVerdict(question(observed({}, passedFor('CanaryOff')), { withoutAnalysis: true }));
    expect(refusalOf(findings)).toBeUndefined();
    expect(findings.at(-1)).toMatchObject({ outcome: 'waived', detail: 'staging has the canary switched off' });
    const unasked = observed({}, { ...passedFor('CanaryOff'), acceptance: undefined });
    expect(refusalOf(judgeVerdict(question(unasked, { withoutAnalysis: true })))?.code).toBe('NOT_ACCEPTED');
  });

  it('say everything that is missing of a version that serves, and stop at one that does not', () => {
    const poor = observed({}, { acceptance: undefined, analysis: undefined });
    const outcomes = judgeVerdict(question(poor, { servingForMs: 1e9 })).map(({ outcome }) => outcome);
    expect(outcomes.slice(-4)).toEqual(['fail', 'pass', 'fail', 'fail']);
    expect(judgeVerdict(question(observed({}, { phase: 'Failed' }))).at(-1)?.subject).toBe('phase');
  });

  it('say whose time it was', () => {
    const detail = (changes: Partial<VerdictQuestion>) =>
      judgeVerdict(question(observed(), changes)).find(({ subject }) => subject === 'serving')?.detail;
    expect(detail({})).toBe('for 90m of 60m asked for');
    expect(detail({ servingForMs: 0 })).toBe('for 90m');
    expect(detail({ servingForMs: 0, overriddenMs: 3_600_000 })).toBe(
      'for 90m of 0s asked for by hand, where prod asks for 60m',
    );
    expect(detail({ servingForMs: 100 * 60_000, overriddenMs: 0 })).toBe(
      'for 90m of 100m asked for by hand, where prod asks for none',
    );
  });

  it('say when to come back', () => {
    const refusal = refusalOf(judgeVerdict(question(observed(), { servingForMs: 100 * 60_000 })));
    expect(refusal?.hint).toContain('in 10m;');
  });
});
