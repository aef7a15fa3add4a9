import { markdown, type StepResult } from './report.ts';

const step = (change: Partial<StepResult>): StepResult => ({
  id: '1',
  title: 'release',
  outcome: 'passed',
  commit: 'abc1234',
  argocd: '5 Synced, Healthy',
  message: '',
  pods: 'staging 2',
  sent: 10,
  lost: 0,
  seconds: 3,
  heldSeconds: 60,
  notes: [],
  ...change,
});

describe('the report of the GitOps walkthrough', () => {
  it('sums up what ran, and shows what was skipped or failed as such', () => {
    const text = markdown({
      steps: [
        step({ notes: ['staging answered by 1.0.0 10'] }),
        step({ id: '2', outcome: 'failed', lost: 2, message: 'a | b' }),
        step({ id: '3', outcome: 'skipped', sent: 0 }),
      ],
      timings: [{ what: 'canary off', seconds: 12.34, note: '' }],
      promotion: '+ version: 1.0.0\n',
    });
    expect(text).toContain('1 of 2 steps passed; 20 requests sent, 2 lost.');
    expect(text).toContain('**failed** release');
    expect(text).toContain('**skipped** release');
    expect(text).toContain('a \\| b');
    expect(text).toContain('- 1: staging answered by 1.0.0 10');
    expect(text).toMatch(/canary off +\| 12\.3/);
    expect(text).toContain('```diff\n+ version: 1.0.0\n```');
  });

  it('leaves out what there is nothing of', () => {
    const text = markdown({ steps: [], timings: [], promotion: '' });
    expect(text).not.toContain('## ');
  });
});
