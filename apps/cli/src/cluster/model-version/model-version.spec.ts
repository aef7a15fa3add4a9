import { phases } from '@pawl/shared/modelversion/model-version';
import { withMetadata, withSpec, withStatus } from '@pawl/test-kit/model-versions';
import { aVersion, atStep, because, failedFor, inPhase, NOW, serving } from '../../../test/support/objects.ts';
import { CliError } from '../../errors/cli-error.ts';
import { announce, requestPatch, requestValue, suspension, type RolloutRequest } from './rollout-request.ts';
import { nearNames } from '../../terminal/near-names.ts';
import { compareVersions, inOrder } from './order.ts';
import { originOf } from './origin.ts';

describe('order', () => {
  it('puts the highest version of each model first', () => {
    const numbers = ['1.10.0', '1.9.0', '1.10.0-rc.1', '2.0.0', '1.10.0-rc.10', '1.10.0-rc.2'];
    expect(inOrder(numbers.map((number) => aVersion(number))).map((version) => version.spec.version)).toEqual([
      '2.0.0',
      '1.10.0',
      '1.10.0-rc.10',
      '1.10.0-rc.2',
      '1.10.0-rc.1',
      '1.9.0',
    ]);
  });

  it('does not stumble over what is no semantic version', () => {
    expect(compareVersions('1.0.0-01', '1.0.0')).toBe(1);
    expect(compareVersions('x', 'x')).toBe(0);
  });
});

describe('nearNames', () => {
  const known = ['catdog-1-4-0', 'catdog-1-3-0', 'birds-2-0-0', 'catdog'];
  it.each([
    ['catdgo', ['catdog']],
    ['catdog-1-4-1', ['catdog-1-4-0', 'catdog-1-3-0']],
    ['birds', ['birds-2-0-0']],
    ['nothing-like-it', []],
    ['', []],
  ])('%s', (wanted, expected) => {
    expect(nearNames(wanted, known)).toEqual(expected);
  });
});

describe('originOf', () => {
  it.each([
    ['kubectl', {}, 'hand'],
    [
      'Argo CD (application prod)',
      { annotations: { 'argocd.argoproj.io/tracking-id': 'prod:pawl.dev/ModelVersion:d/x' } },
      'git',
    ],
    ['Flux (apps)', { labels: { 'kustomize.toolkit.fluxcd.io/name': 'apps' } }, 'git'],
    [
      'Helm (release r)',
      { labels: { 'app.kubernetes.io/managed-by': 'Helm' }, annotations: { 'meta.helm.sh/release-name': 'r' } },
      'helm',
    ],
  ])('%s', (words, metadata, kind) => {
    expect(originOf(aVersion('1.4.0', withMetadata(metadata)))).toEqual({ kind, words });
  });
});

describe('announce', () => {
  const makesSense: Readonly<Record<RolloutRequest, readonly string[]>> = {
    abort: ['Verifying', 'Canary', 'Promoting'],
    retry: ['Failed'],
    promote: ['Canary'],
  };
  const table = (Object.keys(makesSense) as RolloutRequest[]).flatMap((verb) =>
    phases.map((phase) => [verb, phase, makesSense[verb].includes(phase)] as const),
  );

  it.each(table)('%s while %s: %s', (verb, phase, expected) => {
    const asking = () => announce(verb, aVersion('1.4.0', inPhase(phase)), undefined);
    if (expected) expect(asking()).toContain('catdog 1.4.0');
    else expect(asking).toThrow(CliError);
  });

  it('aborts a rollout that is held by a suspension or by a missing policy', () => {
    for (const phase of ['Suspended', 'Pending'] as const) {
      expect(announce('abort', aVersion('1.4.0', inPhase(phase), atStep(1)), aVersion('1.3.0'))).toContain(
        '1.3.0 (catdog-1-3-0) goes on serving',
      );
    }
  });

  it('does not promote what is suspended', () => {
    const version = aVersion('1.4.0', because('Canary', 'StepRunning'), atStep(1), withSpec({ suspend: true }));
    expect(() => announce('promote', version, undefined)).toThrow('it is suspended');
  });

  it('says that acceptance is not skipped', () => {
    expect(announce('promote', aVersion('1.4.0', inPhase('Canary'), atStep(0)), undefined)).toBe(
      'Once it is accepted, catdog 1.4.0 skips the rest of step 0 of 2 and their analysis, and goes to all stable pods; acceptance cannot be skipped.',
    );
  });

  it('says what to do instead, with the flags of the command line', () => {
    try {
      announce('retry', aVersion('1.4.0', serving()), undefined, ' -n demo');
      throw new Error('it was not refused');
    } catch (error) {
      expect(error).toMatchObject({ code: 'ACT_REFUSED', hint: 'See where it is: pawl explain catdog-1-4-0 -n demo' });
    }
  });

  it('retry names the verdict that is forgotten', () => {
    expect(announce('retry', aVersion('1.4.0', failedFor('CanaryNotReady')), undefined)).toContain('(CanaryNotReady)');
  });

  it('asks by a value that is new each time, of the object that was looked at', () => {
    const value = requestValue(NOW, 'abc123');
    expect(value).toBe('2026-11-21T12:00:00Z-abc123');
    expect(requestPatch('abort', aVersion('1.4.0'), value)).toEqual({
      metadata: { uid: 'uid-1.4.0', annotations: { 'pawl.dev/abort': value } },
    });
  });
});

describe('suspension', () => {
  it.each([
    ['of what serves', aVersion('1.4.0', serving()), true, 'goes on serving'],
    [
      'of a rollout',
      aVersion('1.4.0', inPhase('Canary'), atStep(1)),
      true,
      'holds at step 1 of 2: its canary keeps 25 %',
    ],
    ['of what has not begun', aVersion('1.4.0'), true, 'does not begin'],
    ['taken off a rollout', aVersion('1.4.0', inPhase('Suspended'), atStep(1)), false, 'goes on at step 1 of 2'],
    ['taken off what has not begun', aVersion('1.4.0', withStatus({})), false, 'is a candidate again'],
  ])('%s', (_, version, suspend, expected) => {
    expect(suspension(version, suspend)).toContain(expected);
  });
});
