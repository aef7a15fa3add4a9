import type { ModelVersionStatus } from '@pawl/shared/modelversion/model-version';
import { MemoryLogger } from '../runtime/test/fake-objects.ts';
import { Announcer } from './announcer.ts';
import { aVersion, ago } from './test/builders.ts';

const version = aVersion('1.1.0');

/** A status in a state: the reason of a condition, and the step where there is one. */
const status = (
  type: 'Progressing' | 'Stalled' | 'Degraded' | 'Refused',
  reason: ModelVersionStatus['conditions'][number]['reason'],
  message: string,
  change: Partial<ModelVersionStatus> = {},
): ModelVersionStatus => ({
  ...{ observedGeneration: 1, phase: 'Canary', weight: 10, message },
  conditions: [{ type, status: 'True', reason, message, lastTransitionTime: ago(1), observedGeneration: 1 }],
  ...change,
});
const running = (message = '38 of 50 requests', change: Partial<ModelVersionStatus> = {}) =>
  status('Progressing', 'StepRunning', message, change);
const atStep = (step: number) => ({
  rollout: {
    ...{ canary: 'web-c', step, steps: 2, since: ago(30), desiredWeight: 10, canaryPods: 1, stablePods: 3 },
    granularity: '',
  },
});

/** What is said when `before` becomes `after`: `type reason note` of the events. */
function said(before: ModelVersionStatus | undefined, after: ModelVersionStatus, isRefused = false) {
  const events: string[] = [];
  const logger = new MemoryLogger();
  const record = (_object: unknown, type: string, reason: string, note: string) => {
    events.push(`${type} ${reason} ${note}`);
  };
  new Announcer({ record }, logger).announce(version, before, after, isRefused);
  return { events, logger };
}

describe('a version that enters another state', () => {
  it.each([
    ['its first', undefined, running(), 'Normal StepRunning 1.1.0: 38 of 50 requests'],
    ['another reason', status('Progressing', 'Accepting', ''), running('x'), 'Normal StepRunning 1.1.0: x'],
    ['another step', running('x', atStep(1)), running('x', atStep(2)), 'Normal StepRunning 1.1.0: x'],
    [
      'a route that its gateway does not take',
      running(),
      status('Progressing', 'RouteNotAccepted', 'no listener'),
      'Warning RouteNotAccepted 1.1.0: no listener',
    ],
    [
      'a canary that is killed',
      running(),
      status('Progressing', 'CanaryKilled', 'out of memory'),
      'Warning CanaryKilled 1.1.0: out of memory',
    ],
    [
      'a phase without progress',
      running(),
      status('Stalled', 'AcceptanceFailed', '3 of 4 were right', { phase: 'Failed' }),
      'Warning Failed 1.1.0: 3 of 4 were right',
    ],
  ])('is announced once: %s', (_, before, after, event) => {
    const { events, logger } = said(before, after);
    expect(events).toEqual([event]);
    expect(logger.entries).toEqual([
      {
        level: 'info',
        fields: expect.objectContaining({ key: 'ns/m-1.1.0', version: '1.1.0', phase: after.phase, weight: 10 }),
        message: after.message,
      },
    ]);
  });
});

describe('stable pods that are not well', () => {
  const serving = (...degraded: readonly ('PodsNotReady' | 'DeploymentPaused')[]): ModelVersionStatus => ({
    ...status('Progressing', 'Serving', 'Every stable pod serves it', { phase: 'Serving' }),
    conditions: [
      ...status('Progressing', 'Serving', '').conditions,
      ...degraded.flatMap((reason) => status('Degraded', reason, 'pod web-1 crashes').conditions),
    ],
  });

  it('are a warning once, and so is the end of it', () => {
    expect(said(serving(), serving('PodsNotReady')).events).toEqual(['Warning PodsNotReady 1.1.0: pod web-1 crashes']);
    expect(said(serving('PodsNotReady'), serving('PodsNotReady')).events).toEqual([]);
    expect(said(serving('PodsNotReady'), serving()).events).toEqual([
      'Normal Serving 1.1.0: Its stable pods are well again',
    ]);
  });
});

describe('a refusal that a version meets while it serves', () => {
  const serving = (...refused: readonly string[]): ModelVersionStatus => ({
    ...status('Progressing', 'Serving', 'Every stable pod serves it', { phase: 'Serving' }),
    conditions: [
      ...status('Progressing', 'Serving', '').conditions,
      ...refused.flatMap((message) => status('Refused', 'ApiRefused', message).conditions),
    ],
  });

  it('is a warning once for the same words, and so is the end of it', () => {
    expect(said(serving(), serving('no leave')).events).toEqual(['Warning ApiRefused 1.1.0: no leave']);
    expect(said(serving('no leave'), serving('no leave')).events).toEqual([]);
    expect(said(serving('no leave'), serving('over quota')).events).toEqual(['Warning ApiRefused 1.1.0: over quota']);
    expect(said(serving('no leave'), serving()).events).toEqual([
      'Normal ApiAccepted 1.1.0: The API server takes what it refused before',
    ]);
  });
});

describe('a version in the same state', () => {
  it('is not announced again for other figures', () => {
    const { events, logger } = said(running('38 of 50 requests'), running('39 of 50 requests', { weight: 12 }));
    expect([events, logger.entries]).toEqual([[], []]);
  });

  it.each([
    ['with the new words of the server', 'quota exceeded', ['Warning StepRunning 1.1.0: quota exceeded']],
    ['not with the same words', 'no leave', []],
  ])('is announced again when the API server refuses it, %s', (_, message, events) => {
    expect(said(running('no leave'), running(message), true).events).toEqual(events);
  });
});
