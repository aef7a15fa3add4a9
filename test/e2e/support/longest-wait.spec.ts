import type { Phase } from '@pawl/shared/modelversion/model-version';
import type { Entry } from './history.ts';
import { longestWait } from './longest-wait.ts';

const entry = (seconds: number, phase: Phase, step: number, message: string, name = 'catdog-2'): Entry => ({
  ...{ at: seconds * 1000, name, phase, weight: 0, step },
  ...{ reason: '', message },
});

describe('where a rollout stood longest', () => {
  it('is the step, with the last message that it had there', () => {
    const entries = [
      entry(0, 'Verifying', 0, 'reading'),
      entry(5, 'Canary', 1, 'too few requests'),
      entry(90, 'Canary', 1, 'the p95 is 1.2 s'),
      entry(100, 'Canary', 2, 'too few requests'),
      entry(110, 'Serving', 0, 'serves'),
    ];
    expect(longestWait(entries)).toBe('catdog-2 was Canary at step 1 for 95 s: the p95 is 1.2 s');
  });

  it('is told by version', () => {
    const entries = [
      entry(0, 'Canary', 1, 'waits'),
      entry(50, 'Canary', 1, 'waits', 'catdog-3'),
      entry(70, 'Failed', 0, 'failed'),
      entry(100, 'Failed', 0, 'failed', 'catdog-3'),
    ];
    expect(longestWait(entries)).toBe('catdog-2 was Canary at step 1 for 70 s: waits');
  });

  it.each([
    ['a version that serves', [entry(0, 'Serving', 0, 'serves'), entry(500, 'Superseded', 0, 'was')], 0],
    ['a short one', [entry(0, 'Canary', 1, 'waits'), entry(59, 'Canary', 2, 'waits')], 0],
    ['what was seen before', [entry(0, 'Canary', 1, 'waits'), entry(500, 'Canary', 2, 'waits')], 1],
    ['nothing', [], 0],
  ])('leaves out %s', (_, entries, since) => {
    expect(longestWait(entries, since)).toBeUndefined();
  });
});
