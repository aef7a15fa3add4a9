import { versionBuilder, withMetadata, withSpec, withStatus } from './model-versions.ts';
import type { ModelVersion, ModelVersionStatus } from '@pawl/shared/modelversion/model-version';
import { settledViolations, transitionViolations, violations } from './invariants.ts';

const digest = `sha256:${'a'.repeat(64)}`;
const time = '2026-01-01T00:00:00Z';
type Conditions = ModelVersionStatus['conditions'];
const condition = (type: string, status: string, reason: string) =>
  ({
    type,
    status,
    reason,
    message: 'So it is.',
    lastTransitionTime: time,
    observedGeneration: 1,
  }) as Conditions[number];

const serving: ModelVersionStatus = {
  observedGeneration: 1,
  phase: 'Serving',
  weight: 100,
  message: 'Every stable pod serves it.',
  conditions: [
    condition('ArtifactVerified', 'True', 'Verified'),
    condition('Progressing', 'False', 'Serving'),
    condition('Ready', 'True', 'Serving'),
  ],
  artifact: { digest, version: '1.0.0', sizeBytes: 1, signed: false, verifiedAt: time },
  verdict: { outcome: 'Passed', reason: 'FirstVersion', message: 'The first one.', at: time },
  servedAt: time,
};
const failed: ModelVersionStatus = {
  ...serving,
  phase: 'Failed',
  weight: 0,
  verdict: { outcome: 'Failed', reason: 'LatencyHigh', message: 'Too slow.', at: time },
  conditions: [condition('Ready', 'False', 'LatencyHigh'), condition('Stalled', 'True', 'LatencyHigh')],
};

const aVersion = versionBuilder({ model: 'catdog', namespace: 'n', createdAt: time });
const versionIn = (status: ModelVersionStatus, name = 'a'): ModelVersion =>
  aVersion(
    '1.0.0',
    withMetadata({ name, uid: name }),
    withSpec({ artifact: { uri: 'oci://r/c:t', digest } }),
    withStatus(status),
  );

describe('the rules of a status', () => {
  it.each([
    ['serves', serving],
    ['failed', failed],
  ])('hold of a version that %s', (_, status) => {
    expect(violations(versionIn(status))).toEqual([]);
  });

  it.each([
    [
      'a condition twice',
      { conditions: [...serving.conditions, serving.conditions[0]!] },
      'no condition is there twice',
    ],
    ['a reason of its own', { conditions: [condition('Ready', 'True', 'Fine')] }, 'Fine of Ready is of the closed set'],
    [
      'Stalled that is False',
      { conditions: [...serving.conditions, condition('Stalled', 'False', 'Serving')] },
      'only while True',
    ],
    ['Ready while not serving', { phase: 'Canary' as const }, 'exactly while Serving'],
    ['no Ready while serving', { conditions: [] }, 'exactly while Serving'],
    ['a generation to come', { observedGeneration: 2 }, 'not ahead'],
    ['a verdict of failure and another phase', { verdict: failed.verdict! }, 'exactly with a verdict of failure'],
    ['another digest than was verified', { artifact: { ...serving.artifact!, digest: 'sha256:b' } }, 'asked for'],
  ])('find %s', (_, change, rule) => {
    expect(violations(versionIn({ ...serving, ...change })).join()).toContain(rule);
  });

  it('let lastTransitionTime move only with the status', () => {
    const moved = {
      ...serving,
      conditions: serving.conditions.map((one) => ({ ...one, lastTransitionTime: '2026-01-02T00:00:00Z' })),
    };
    expect(transitionViolations(versionIn(serving), versionIn(serving))).toEqual([]);
    expect(transitionViolations(versionIn(serving), versionIn(moved))).toHaveLength(3);
  });

  it('let a failed version come back only by a retry', () => {
    const again = { ...serving, phase: 'Verifying' as const, verdict: undefined as never };
    expect(transitionViolations(versionIn(failed), versionIn(again)).join()).toContain('final');
    expect(
      transitionViolations(versionIn(failed), versionIn({ ...again, handled: { retry: '1' } })).join(),
    ).not.toContain('final');
  });

  it('want exactly one version to serve, alone', () => {
    expect(settledViolations([versionIn(serving), versionIn(failed, 'b')])).toEqual([]);
    expect(settledViolations([versionIn(failed)])).toEqual(['exactly one version serves (none)']);
    expect(settledViolations([versionIn(serving), versionIn(serving, 'b')]).join()).toContain('at most 100');
  });
});
