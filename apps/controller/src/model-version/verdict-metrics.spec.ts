import { aVersion, failed, passed } from './test/builders.ts';
import { countVerdicts } from './verdict-metrics.ts';

describe('countVerdicts', () => {
  it('counts versions by the reason of their verdict, zeros included', () => {
    const versions = [
      aVersion('1.0.0', passed),
      aVersion('1.1.0', failed()),
      aVersion('1.2.0', failed()),
      aVersion('1.3.0'),
    ];
    const rows = countVerdicts('ns', versions);
    const reasons = versions.flatMap(({ status }) => status?.verdict?.reason ?? []);
    const numberOf = (reason: string | undefined) => rows.filter(({ labels }) => labels?.['reason'] === reason);
    expect(numberOf(reasons[0])).toEqual([
      { labels: { model_namespace: 'ns', outcome: 'Passed', reason: reasons[0] }, value: 1 },
    ]);
    expect(numberOf(reasons[1])).toEqual([
      { labels: { model_namespace: 'ns', outcome: 'Failed', reason: reasons[1] }, value: 2 },
    ]);
    expect(rows.filter(({ value }) => value === 0).length).toBe(rows.length - 2);
  });

  it('has every verdict where there is no version', () => {
    const rows = countVerdicts('ns', []);
    expect(rows.map(({ labels }) => labels?.['reason'])).toEqual(
      expect.arrayContaining(['StepsCompleted', 'Aborted', 'AcceptanceFailed']),
    );
    expect(rows.every(({ value }) => value === 0)).toBe(true);
  });
});
