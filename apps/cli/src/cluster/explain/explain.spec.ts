import { conditionReasons, failureReasons, passReasons, phases } from '@pawl/shared/modelversion/model-version';
import { withMetadata, withSpec, withStatus } from '@pawl/test-kit/model-versions';
import {
  aCondition,
  ago,
  anEvent,
  aTrackPod,
  aStableDeployment,
  atStep,
  aVersion,
  because,
  failedFor,
  inPhase,
  serving,
} from '../../../test/support/objects.ts';
import { evidenceOf, stable } from '../../../test/support/evidence.ts';
import { themeFor } from '../../terminal/theme.ts';
import type { Evidence } from './evidence.ts';
import { explain } from './explain.ts';
import { failureWords } from './failures.ts';
import { renderExplanation } from './render.ts';
import { failureTodo, waitTodo } from './todo.ts';
import { waitWords } from './waits.ts';

const theme = themeFor({ write: () => undefined }, { LANG: 'C.UTF-8' });
const textOf = (evidence: Evidence): string => renderExplanation(explain(evidence), theme);
const flat = (text: string): string => text.replace(/\s+/g, ' ');

describe('explain', () => {
  it('shows no secret of the address of the weights, whatever the reason', () => {
    const artifact = { uri: 'https://user:PASSWORD@store.example/m?sig=SECRET', digest: `sha256:${'a'.repeat(64)}` };
    const versions = [
      ...failureReasons.map((reason) => aVersion('1.4.0', failedFor(reason), withSpec({ artifact }))),
      ...Object.keys(waitWords).map((reason) =>
        aVersion('1.4.0', because('Pending', reason as 'Verifying'), withSpec({ artifact })),
      ),
    ];
    const text = versions.map((version) => textOf(evidenceOf(version))).join('\n');
    expect(text).toContain('https://***@store.example/m?***');
    expect(text).not.toMatch(/PASSWORD|SECRET/);
  });

  describe('every reason of a Failed verdict', () => {
    it.each(failureReasons)('%s', (reason) => {
      const { headline, summary, next } = explain(evidenceOf(aVersion('1.4.0', failedFor(reason, 'what was seen'))));
      expect(headline).toEqual({
        text: `catdog 1.4.0 (catdog-1-4-0) is not serving: Failed, ${reason}; ${failureTodo[reason]}`,
        tone: 'bad',
      });
      expect(summary).toContain('What was seen.');
      expect(summary).toContain('1.3.0 (catdog-1-3-0) serves catdog meanwhile.');
      expect(summary).toContain('final for this object');
      expect(summary).not.toMatch(/undefined|\.\.|\s\s/);
      expect(next.at(-1)).toEqual({
        text: 'or withdraw it',
        command: 'kubectl -n demo delete modelversion catdog-1-4-0',
      });
      expect(
        next.some((step) => step.text.includes('new ModelVersion') || step.command?.startsWith('pawl rollout retry')),
      ).toBe(true);
    });

    it('has a text for each, and for none else', () => {
      expect(Object.keys(failureWords).sort()).toEqual([...failureReasons].sort());
    });
  });

  describe('every reason of being on the way, or held up', () => {
    it.each(Object.keys(waitWords))('%s', (reason) => {
      const version = aVersion('1.4.0', because('Pending', reason as 'Verifying'));
      const { headline, summary, next } = explain(evidenceOf(version));
      expect(headline.text).toBe(
        `catdog 1.4.0 (catdog-1-4-0) is not serving: ${waitWords[reason as keyof typeof waitWords].headline}; ${waitTodo[reason as keyof typeof waitTodo]}`,
      );
      expect(headline.tone).not.toBe('bad');
      expect(summary.length).toBeGreaterThan(80);
      expect(summary).not.toMatch(/undefined|\.\.|\s\s/);
      expect(next.length).toBeGreaterThan(0);
    });

    it('has a text for each reason that says something of its own', () => {
      const elsewhere = [
        'Verified',
        'NotVerified',
        'ImagesAnswered',
        'NoImages',
        'NotAccepted',
        'Serving',
        'Superseded',
        'Suspended',
        'PodsNotReady',
        'DeploymentPaused',
        'ApiRefused',
      ];
      expect([...Object.keys(waitWords), ...elsewhere].sort()).toEqual([...conditionReasons].sort());
    });
  });

  it.each(passReasons)('a serving version that passed by %s', (reason) => {
    const { headline, summary } = explain(evidenceOf(aVersion('1.3.0', serving(reason))));
    expect(headline).toEqual({ text: 'catdog 1.3.0 (catdog-1-3-0) is serving; nothing is needed', tone: 'good' });
    expect(summary).toMatch(/It passed\S* \w+/);
  });

  it('of a serving version whose pods are not well never says that nothing is needed', () => {
    const degraded = withStatus({
      conditions: [aCondition('Degraded', 'True', 'PodsNotReady', '1 of 3 stable pods are ready: pod web-1 crashes')],
    });
    const { headline, summary, next } = explain(evidenceOf(aVersion('1.3.0', serving('StepsCompleted'), degraded)));
    expect(headline).toEqual({
      text: 'catdog 1.3.0 (catdog-1-3-0) is serving, and its stable pods are not well; see what its pods wait for, and fix that',
      tone: 'warn',
    });
    expect(summary).toContain('1 of 3 stable pods are ready: pod web-1 crashes.');
    expect(next[0]?.command).toBe('kubectl -n demo describe pods -l pawl.dev/model=catdog,pawl.dev/track=stable');
  });

  it('of a serving version whose gateway does not take the route shows the route', () => {
    const degraded = withStatus({
      conditions: [aCondition('Degraded', 'True', 'RouteNotAccepted', 'The gateway gw says NoMatchingParent: no')],
    });
    const { headline, summary, next } = explain(evidenceOf(aVersion('1.3.0', serving('StepsCompleted'), degraded)));
    expect(headline.text).toContain('is serving, and its gateway does not take the HTTPRoute');
    expect(summary).toContain('The gateway gw says NoMatchingParent: no.');
    expect(next[0]?.command).toBe('kubectl -n demo get httproute -l pawl.dev/model=catdog -o yaml');
  });

  it.each(phases)('phase %s without any condition still says something', (phase) => {
    const { headline, summary, next } = explain(evidenceOf(aVersion('1.4.0', inPhase(phase, 'so it is'))));
    expect(headline.text).toMatch(/catdog 1\.4\.0 \(catdog-1-4-0\) is /);
    expect(summary).not.toBe('');
    expect(next.length).toBeGreaterThan(0);
  });

  const situations: Readonly<Record<string, readonly [Evidence, headline: string, ...parts: readonly string[]]>> = {
    'a new version that no controller has seen yet': [
      evidenceOf(aVersion('1.4.0', withMetadata({ creationTimestamp: ago(3) }))),
      'no controller has seen it',
      'created 3s ago',
      'ask again in a moment',
    ],
    'a version that no controller sees': [
      evidenceOf(aVersion('1.4.0')),
      'no controller has seen it',
      'is not running, or does not watch it',
      'check that the controller runs',
      'kubectl -n demo get pods -l app.kubernetes.io/component=controller',
    ],
    'a change that no controller has seen': [
      evidenceOf(aVersion('1.4.0', because('Canary', 'StepRunning'), withMetadata({ generation: 3 }))),
      'its canary is being compared',
      'has seen generation 1, and the object is at 3',
      'check that the controller runs',
    ],
    'superseded by the one that serves': [
      evidenceOf(aVersion('1.2.0', inPhase('Superseded'), withStatus({ servedAt: ago(9000) }))),
      'superseded by 1.3.0',
      'This one first served 2h30m ago',
      'kubectl -n demo delete modelversion catdog-1-3-0',
    ],
    'superseded by one that is on its way': [
      evidenceOf(aVersion('1.4.0', inPhase('Superseded')), {
        siblings: [
          stable,
          aVersion('1.4.0', inPhase('Superseded')),
          aVersion('1.5.0', because('Canary', 'StepRunning')),
        ],
      }),
      'superseded by 1.5.0',
      'it is not serving yet (Canary)',
      'never served here',
      '1.3.0 (catdog-1-3-0) serves catdog meanwhile',
    ],
    'never superseded by one that failed': [
      evidenceOf(aVersion('1.2.0', inPhase('Superseded')), {
        siblings: [stable, aVersion('1.9.0', failedFor('Aborted'))],
      }),
      'superseded by 1.3.0',
    ],
    'suspended before it began': [
      evidenceOf(aVersion('1.4.0', because('Suspended', 'Suspended'), withSpec({ suspend: true }))),
      'suspended',
      'had not begun',
      'pawl rollout resume catdog-1-4-0 -n demo',
    ],
    'suspended at a step, applied by Argo CD': [
      evidenceOf(
        aVersion(
          '1.4.0',
          because('Suspended', 'Suspended'),
          atStep(1),
          withMetadata({ annotations: { 'argocd.argoproj.io/tracking-id': 'prod:pawl.dev/ModelVersion:demo/x' } }),
        ),
      ),
      'suspended',
      'holds at step 1 of 2: its canary keeps 25 % of the requests',
      'in Git, which Argo CD (application prod) applies',
      'pawl rollout abort catdog-1-4-0 -n demo',
    ],
    'a duplicate names its twin': [
      evidenceOf(aVersion('1.4.0', because('Pending', 'DuplicateVersion')), {
        siblings: [aVersion('1.4.0', withMetadata({ name: 'first' }))],
      }),
      'another object has the same version',
      'first already offers catdog 1.4.0',
    ],
    'a blocked rollout says where it holds': [
      evidenceOf(aVersion('1.4.0', because('Pending', 'PolicyInvalid', 'canary.steps: expected array'), atStep(1))),
      'the rollout policy is invalid',
      'canary.steps: expected array',
      'Its rollout holds at step 1 of 2 with 25 %',
    ],
    'two stable Deployments are named': [
      evidenceOf(aVersion('1.4.0', because('Pending', 'StableMissing')), {
        stable: { ok: true, value: [aStableDeployment('1.3.0'), aStableDeployment(undefined)] },
      }),
      'there is no stable Deployment',
      'more than one stable Deployment (catdog and catdog)',
    ],
    'a canary that finds no node': [
      evidenceOf(aVersion('1.4.0', because('Canary', 'CanaryHeldUp')), {
        pods: {
          ok: true,
          value: [
            aTrackPod('canary-1', 'catdog-1-4-0', {
              phase: 'Pending',
              conditions: [
                { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/3 nodes: no cpu' },
              ],
              containerStatuses: [],
            }),
          ],
        },
      }),
      'the cluster keeps its canary from starting',
      'finds no node for the canary: 0/3 nodes: no cpu',
    ],
    'a crash tells its last words, without their control characters': [
      evidenceOf(aVersion('1.4.0', failedFor('CanaryCrashed')), {
        pods: {
          ok: true,
          value: [
            aTrackPod('canary-1', 'catdog-1-4-0', {
              conditions: [],
              containerStatuses: [
                {
                  name: 'inference',
                  ready: false,
                  restartCount: 4,
                  state: { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 40s' } },
                  lastState: {
                    terminated: { exitCode: 137, reason: 'OOMKilled', message: '\u001b[2Jheap\nout of memory' },
                  },
                },
              ],
            }),
          ],
        },
      }),
      'Failed, CanaryCrashed',
      'inference ended with OOMKilled (exit 137): heap out of memory',
      'CrashLoopBackOff',
      '4 restarts',
    ],
    'mistakes of acceptance': [
      evidenceOf(
        aVersion(
          '1.4.0',
          failedFor('AcceptanceFailed'),
          withStatus({
            acceptance: {
              total: 24,
              correct: 3,
              required: 24,
              at: ago(130),
              template: 'x',
              mistakes: [{ image: 'cat.01.jpg', expected: 'cat', answered: 'dog', confidence: 0.98765 }],
            },
          }),
        ),
      ),
      'Failed, AcceptanceFailed',
      'the image cat.01.jpg shows cat and was answered dog',
      'No user met it',
      '3 of 24 images were answered with their label, 24 must be',
      'cat.01.jpg cat dog 0.9877',
    ],
    'checks of an analysis': [
      evidenceOf(
        aVersion(
          '1.4.0',
          failedFor('LatencyHigh'),
          withStatus({
            analysis: {
              step: 2,
              verdict: 'Fail',
              at: ago(125),
              canaryRequests: 212,
              stableRequests: 400,
              checks: [
                { name: 'ErrorRate', verdict: 'Pass', canary: 0, stable: 0.002, limit: 0.012, message: '' },
                {
                  name: 'Latency',
                  verdict: 'Fail',
                  canary: 0.31,
                  stable: 0.042,
                  limit: 0.063,
                  message: 'p95 too slow',
                },
                { name: 'Predictions', verdict: 'Inconclusive', limit: 0.15, message: 'too few' },
              ],
            },
          }),
        ),
      ),
      'Failed, LatencyHigh',
      'It answered 212 requests in step 2; all requests go to the stable pods again.',
      'errors Pass 0 % 0.2 % 1.2 %',
      'p95 latency Fail 310 ms 42 ms 63 ms p95 too slow',
      'shift of labels Inconclusive - - 0.150 too few',
    ],
    'what may not be read is said': [
      evidenceOf(aVersion('1.4.0', because('Canary', 'CanaryStarting')), {
        pods: { ok: false, why: 'you may not list pods' },
        events: { ok: false, why: 'you may not list events' },
      }),
      'its canary is starting',
      'could not be read: you may not list pods',
      'could not be read: you may not list events',
    ],
    'a serving version whose Deployment was changed by hand': [
      evidenceOf(aVersion('1.4.0', serving()), { stable: { ok: true, value: [aStableDeployment('1.3.0')] } }),
      'is serving',
      'names other weights',
      'see who changed the stable Deployment',
    ],
    'a serving version under replacement': [
      evidenceOf(stable, { siblings: [stable, aVersion('1.4.0', because('Canary', 'StepRunning'))] }),
      'is serving',
      '1.4.0 (catdog-1-4-0) is on its way to replace it (Canary)',
      'pawl rollout status catdog-1-4-0 --watch -n demo',
    ],
    'being deleted': [
      evidenceOf(aVersion('1.4.0', serving(), withMetadata({ deletionTimestamp: ago(5) }))),
      'is being deleted',
      'deleted 5s ago',
    ],
    'the last events': [
      evidenceOf(aVersion('1.4.0', because('Canary', 'Accepting')), {
        events: { ok: true, value: [anEvent('Verified', 'The bundle is right', aVersion('1.4.0'))] },
      }),
      'it is being asked the acceptance images',
      '60s ModelVersion/catdog-1-4-0 Verified The bundle is right',
    ],
    'a reason that this program does not know': [
      evidenceOf(aVersion('1.4.0', failedFor('NewReason' as 'Aborted', 'of a later controller'))),
      'Failed, NewReason',
      'Of a later controller.',
    ],
  };

  it.each(Object.entries(situations))('%s', (_, [evidence, headline, ...parts]) => {
    const text = flat(textOf(evidence));
    expect(text.split(') is ')[1] ?? '').toContain(headline.replace(/^is /, ''));
    for (const part of parts) expect(text).toContain(part);
  });

  it('keeps to the width of the terminal, and shows no control characters', () => {
    const version = aVersion('1.4.0', failedFor('CanaryNotReady', `\u001b]0;owned\u0007${'word '.repeat(60)}`));
    const narrow = themeFor({ write: () => undefined, isTTY: true, columns: 60 }, { LANG: 'C.UTF-8', NO_COLOR: '1' });
    const text = renderExplanation(explain(evidenceOf(version, { version })), narrow);
    // eslint-disable-next-line no-control-regex -- there must be none
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
    const prose = text.split('\n').filter((line) => !/kubectl|pawl |^ {2}(TYPE|Ready|Stalled) /.test(line));
    expect(Math.max(...prose.map((line) => line.length))).toBeLessThanOrEqual(60);
  });

  it('a failure of a condition without a recorded verdict is told all the same', () => {
    const version = aVersion(
      '1.4.0',
      inPhase('Failed', 'gone wrong'),
      withStatus({ conditions: [aCondition('Stalled', 'True', 'ModelMismatch', 'another model')] }),
    );
    expect(explain(evidenceOf(version)).headline.text).toContain('Failed, ModelMismatch');
  });
});
