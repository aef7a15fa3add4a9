import { modelVersions } from '@pawl/shared/modelversion/resource';
import type { ModelVersion } from '@pawl/shared/modelversion/model-version';
import { FakeApi, refusals } from '@pawl/test-kit/fake-api';
import { violations } from '@pawl/test-kit/invariants';
import type { Decision } from './decision.ts';
import { idOf } from './refusals.ts';
import { StatusWriter } from './status-writer.ts';
import { aDigest } from '@pawl/test-kit/model-versions';
import { aCanary, somePodFacts, aStable, aVersion, NOW, served, someFacts, verified } from './test/builders.ts';

const one = aVersion('1.0.0', served);
const two = aVersion('1.1.0', verified);
const verifying: Decision = { kind: 'verifying', reason: 'Verifying', message: 'The bundle is being read.' };
const NAME = { verb: 'apply', kind: modelVersions.kind, name: 'm-1.1.0' } as const;

/** A writer, an API server that has two versions, and what was announced: `version isRefused`. */
function setUp() {
  const api = new FakeApi(() => NOW);
  api.put(one);
  api.put(two);
  const announced: string[] = [];
  const announce = (version: ModelVersion, _before: unknown, _after: unknown, isRefused: boolean) => {
    announced.push(`${version.metadata.name} ${isRefused}`);
  };
  const unwritten: (string | undefined)[] = [];
  const announceUnwritten = (_version: ModelVersion, words: string | undefined) => {
    unwritten.push(words);
  };
  const writer = new StatusWriter(api, { announce, announceUnwritten } as ConstructorParameters<
    typeof StatusWriter
  >[1]);
  const versions = () => api.all(modelVersions);
  const version = () => versions().find(({ metadata }) => metadata.name === 'm-1.1.0')!;
  /** One pass over what the server has, or over what a cache still had. */
  const record = async (decision: Decision = verifying, seen = versions(), signal = new AbortController().signal) => {
    writer.requireFresh(seen);
    const facts = { ...someFacts({ versions: [...seen], stable: aStable(one) }), now: NOW };
    const decisions = new Map([[two.metadata.uid, decision]]);
    await writer.record({ versions: [...seen], decisions, actions: [] }, facts, signal);
  };
  return { api, writer, announced, unwritten, versions, version, record };
}

describe('a status', () => {
  it('is written and announced', async () => {
    const { version, announced, record, api } = setUp();
    await record();
    expect(version().status).toMatchObject({ phase: 'Verifying', message: 'The bundle is being read.', weight: 0 });
    expect(violations(version())).toEqual([]);
    expect(announced).toEqual(['m-1.1.0 false']);
    // The version without a decision keeps its own.
    expect(api.writes).toHaveLength(1);
  });

  it('is written with what fits of a message, and once', async () => {
    const { api, version, record } = setUp();
    await record({ ...verifying, message: 'x'.repeat(5000) });
    await record({ ...verifying, message: 'x'.repeat(5000) });
    expect(version().status?.message).toBe(`${'x'.repeat(4095)}…`);
    expect(api.writes).toHaveLength(1);
  });

  it('that does not change is not written', async () => {
    const { api, announced, record } = setUp();
    await record();
    await record();
    expect([api.writes.length, announced.length]).toEqual([1, 1]);
  });

  it('that the server has already, beside a field of another manager, does not make the cache seem behind', async () => {
    const { api, version, record } = setUp();
    await record();
    api.put({ ...version(), status: { ...version().status, byAnother: 'x' } } as ModelVersion);
    await record();
    await record();
  });

  it('says that the API server refuses the version', async () => {
    const { announced, record } = setUp();
    await record({ kind: 'canary', reason: 'CanaryHeldUp', message: 'refused: no', isRefused: true });
    expect(announced).toEqual(['m-1.1.0 true']);
  });
});

describe('a cache that is behind', () => {
  it('is waited for, so that no decision is taken twice', async () => {
    const { versions, record } = setUp();
    const stale = versions();
    await record();
    await expect(record(verifying, stale)).rejects.toMatchObject({ name: 'Waiting', reason: 'CacheBehind' });
    await record();
  });

  it('cannot overwrite what another writer wrote', async () => {
    const { api, versions, version, announced, record } = setUp();
    const stale = versions();
    api.put({ ...version(), metadata: { ...version().metadata, labels: { by: 'another' } } });
    await expect(record(verifying, stale)).rejects.toMatchObject({ status: 409 });
    expect(version().status?.phase).not.toBe('Verifying');
    expect(announced).toEqual([]);
  });
});

describe('a write that fails', () => {
  it.each([
    ['a conflict', refusals.conflict(), 409],
    ['a refusal', refusals.forbidden(), 403],
    ['a status that is invalid', refusals.invalid(), 422],
  ])('is not announced, and is made in the next pass: %s', async (_, fault, code) => {
    const { api, version, announced, unwritten, record } = setUp();
    api.fail(NAME, fault, 1);
    await expect(record()).rejects.toMatchObject({ status: code });
    expect(announced).toEqual([]);
    await record();
    expect(version().status?.phase).toBe('Verifying');
    expect(announced).toHaveLength(1);
    // Each refusal that stays is an event, and so is its end.
    const said = `The API server refuses the status of m-1.1.0: ${fault.message}`;
    expect(unwritten).toEqual(code === 409 ? [] : [said, undefined]);
  });

  it('does nothing for a version that is gone', async () => {
    const { api, versions, announced, record } = setUp();
    const seen = versions();
    await api.delete(modelVersions, 'ns', 'm-1.1.0', {});
    await expect(record(verifying, seen)).rejects.toMatchObject({ name: 'Waiting', reason: 'CacheBehind' });
    expect(announced).toEqual([]);
  });

  it('ends with the signal when the server does not answer', async () => {
    const { api, record, versions } = setUp();
    api.fail(NAME, 'hang');
    const stop = new AbortController();
    const running = record(verifying, versions(), stop.signal);
    stop.abort(new Error('the lease is lost'));
    await expect(running).rejects.toThrow('the lease is lost');
  });
});

describe('the weight', () => {
  const failed: Decision = { kind: 'failed' };
  const share = async (decision: Decision, onPods: string) => {
    const { versions, version, writer } = setUp();
    // Its canary still gets requests.
    const canaries = [aCanary(two, { pods: [somePodFacts('c', { digest: aDigest('1.1.0') })] })];
    const pods = ['a', 'b'].map((name) => somePodFacts(name, { digest: aDigest(onPods) }));
    const stable = { ...aStable(one), pods };
    const facts = { ...someFacts({ versions: [...versions()], stable, canaries }), now: NOW };
    const decisions = new Map([[two.metadata.uid, decision]]);
    await writer.record({ versions: [...versions()], decisions, actions: [] }, facts, AbortSignal.any([]));
    return version().status?.weight;
  };

  it('is the share of the requests that its pods get', async () => {
    expect(await share({ kind: 'promoting', reason: 'Promoting', message: 'going' }, '1.1.0')).toBe(100);
  });

  it('is the last that is known while the route cannot be read', async () => {
    const { api, versions, version, writer } = setUp();
    api.put({ ...version(), status: { ...version().status, weight: 35 } } as ModelVersion);
    const refusals = new Map([[idOf({ kind: 'read-route' }), 'no']]);
    const facts = { ...someFacts({ versions: [...versions()], stable: aStable(one), refusals }), now: NOW };
    const decisions = new Map([[two.metadata.uid, verifying]]);
    await writer.record({ versions: [...versions()], decisions, actions: [] }, facts, AbortSignal.any([]));
    expect(version().status?.weight).toBe(35);
  });

  it('of a version that failed is 0, although its canary is not gone yet', async () => {
    expect(await share(failed, '1.0.0')).toBe(0);
  });

  it('of a version that failed and still serves is what it serves', async () => {
    expect(await share(failed, '1.1.0')).toBe(100);
  });
});
