import type { Facts } from '../facts.ts';
import { rolloutFacts } from '../rollout-facts.ts';
import {
  aCanary,
  accepted,
  aPolicy,
  aStable,
  atStep,
  aVersion,
  named,
  passed,
  someFacts,
  suspended,
  verified,
} from '../test/builders.ts';
import { withSpec } from '@pawl/test-kit/model-versions';
import { gates } from './gates.ts';

const stable = aStable(aVersion('1.0.0'));
const policy = aPolicy();

/** The gate that decides about a version, given these facts beside it. */
function decidingGate(version = aVersion('1.1.0'), more: Partial<Pick<Facts, 'canaries'>> = {}, rules = policy) {
  const facts = rolloutFacts(version, stable, { policy: rules, images: 4 }, { ...someFacts({ stable }), ...more });
  return gates.find((gate) => gate.judge(facts) !== undefined)?.name;
}

describe('the gates', () => {
  const canaries = [aCanary(aVersion('1.1.0'))];

  it('have names of their own', () => {
    expect(new Set(gates.map(({ name }) => name)).size).toBe(gates.length);
  });

  it.each([
    ['notSuspended', 'a suspended version', decidingGate(aVersion('1.1.0', suspended))],
    ['notPromoting', 'a version that passed', decidingGate(aVersion('1.1.0', passed))],
    ['verified', 'a version that was not verified yet', decidingGate()],
    ['notServedYet', 'weights that are served', decidingGate(aVersion('1.0.0', verified))],
    [
      'canaryEnabled',
      'a policy without canary',
      decidingGate(aVersion('1.1.0', verified), {}, aPolicy({ canary: { enabled: false } })),
    ],
    ['nameFits', 'a name that is too long', decidingGate(aVersion('1.1.0', verified, named('m'.repeat(64))))],
    ['canaryReady', 'a verified version', decidingGate(aVersion('1.1.0', verified))],
    ['accepted', 'a version whose canary is ready', decidingGate(aVersion('1.1.0', verified), { canaries })],
    [
      'needsSteps',
      'a policy without steps',
      decidingGate(aVersion('1.1.0', accepted()), { canaries }, aPolicy({ canary: { steps: [] } })),
    ],
    ['stepsPassed', 'a version at a step', decidingGate(aVersion('1.1.0', atStep(1)), { canaries })],
  ])('%s decides about %s', (name, _what, found) => {
    expect(found).toBe(name);
  });

  it('show no secret of an address that the policy does not allow', () => {
    const artifact = { uri: 'https://user:PASSWORD@store.example/m?sig=SECRET', digest: `sha256:${'a'.repeat(64)}` };
    const version = aVersion('1.1.0', withSpec({ artifact }));
    const rules = aPolicy({ artifact: { allow: ['oci://registry.example'] } });
    const facts = rolloutFacts(version, stable, { policy: rules, images: 4 }, someFacts({ stable }));
    expect(JSON.stringify(gates.find(({ name }) => name === 'verified')?.judge(facts))).toMatch(
      /takes no weights from https:\/\/\*\*\*@store\.example\/m\?\*\*\*;(?!.*(PASSWORD|SECRET))/,
    );
  });

  it('say which one was asked too early instead of letting a version pass', () => {
    const facts = rolloutFacts(aVersion('1.1.0', verified), stable, { policy, images: 4 }, someFacts({ stable }));
    for (const name of ['accepted', 'stepsPassed'])
      expect(() => gates.find((gate) => gate.name === name)?.judge(facts)).toThrow('before canaryReady');
  });
});
