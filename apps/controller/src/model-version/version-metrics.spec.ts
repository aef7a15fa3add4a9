import type { Condition } from '@pawl/shared/modelversion/model-version';
import { withStatus } from '@pawl/test-kit/model-versions';
import { ago, aVersion, failed, NOW, passed } from './test/builders.ts';
import { abnormalConditions, lastVerdicts, rolloutSeconds } from './version-metrics.ts';

const condition = (type: Condition['type'], status: Condition['status'], secondsAgo = 60): Condition => ({
  type,
  status,
  reason: 'PolicyMissing',
  message: '',
  lastTransitionTime: ago(secondsAgo),
  observedGeneration: 1,
});
const withConditions = (...conditions: Condition[]) => withStatus({ conditions });
const stalled = withConditions(condition('Stalled', 'True'));
const abnormal = (condition: string, value: number) => ({ labels: { model_namespace: 'ns', condition }, value });

describe('the metrics of versions', () => {
  it('count abnormal conditions, zeros included, without the versions that have failed', () => {
    const versions = [
      aVersion('1.0.0', withConditions(condition('Degraded', 'True'), condition('Refused', 'True'))),
      aVersion('1.1.0', stalled),
      aVersion('1.2.0', failed(), withStatus({ phase: 'Failed' }), stalled),
    ];
    expect(abnormalConditions([{ namespace: 'ns', versions }])).toEqual([
      abnormal('Stalled', 1),
      abnormal('Degraded', 1),
      abnormal('Refused', 1),
    ]);
    expect(abnormalConditions([{ namespace: 'ns', versions: [] }])).toEqual(
      ['Stalled', 'Degraded', 'Refused'].map((type) => abnormal(type, 0)),
    );
  });

  it('tell the last verdict of each outcome, and nothing where there was none', () => {
    const earlier = withStatus({
      verdict: { outcome: 'Failed', reason: 'LatencyHigh', message: '', at: ago(5_000) },
    });
    const row = (outcome: string) => ({ labels: { model_namespace: 'ns', outcome }, value: NOW / 1000 - 200 });
    const versions = [aVersion('1.0.0', earlier), aVersion('1.1.0', failed()), aVersion('1.2.0')];
    expect(lastVerdicts([{ namespace: 'ns', versions }])).toEqual([row('Failed')]);
    expect(lastVerdicts([{ namespace: 'ns', versions: [aVersion('1.0.0', passed)] }])).toEqual([row('Passed')]);
  });

  it('tell how long the version that began first has been on its way, whoever waits for a person', () => {
    const versions = [
      aVersion('1.0.0', withConditions(condition('Progressing', 'False', 9_000))),
      aVersion('1.1.0', withConditions(condition('Progressing', 'True', 700))),
      aVersion('1.2.0', withConditions(condition('Progressing', 'True', 30))),
      aVersion('1.3.0'),
    ];
    const row = (value: number) => [{ labels: { model_namespace: 'ns' }, value }];
    expect(rolloutSeconds([{ namespace: 'ns', versions }], NOW)).toEqual(row(700));
    expect(rolloutSeconds([{ namespace: 'ns', versions: [] }], NOW)).toEqual(row(0));
    // The API server's clock is ahead of this one's.
    expect(rolloutSeconds([{ namespace: 'ns', versions: versions.slice(1, 2) }], NOW - 800_000)).toEqual(row(0));
  });

  it('say nothing about a namespace that is not known yet', () => {
    const watched = [{ namespace: 'ns', versions: undefined }];
    expect([abnormalConditions(watched), lastVerdicts(watched), rolloutSeconds(watched, NOW)]).toEqual([[], [], []]);
  });
});
