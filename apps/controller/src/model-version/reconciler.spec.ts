import { deployments } from '@pawl/shared/kubernetes/objects';
import { labels } from '@pawl/shared/modelversion/names';
import { modelVersions } from '@pawl/shared/modelversion/resource';
import { refusals } from '@pawl/test-kit/fake-api';
import { violations } from '@pawl/test-kit/invariants';
import { canaryName } from './canary.ts';
import { aDigest } from '@pawl/test-kit/model-versions';
import { atStep, aVersion, served, verified } from './test/builders.ts';
import { ModelCluster, policyOf, stableDeployment } from './test/model-cluster.ts';

const one = aVersion('1.0.0', served);
const two = aVersion('1.1.0', verified);
const CANARY = canaryName('web', two.spec.artifact.digest);
const RULE = 'admission webhook "policy.example" denied the request: images must come from registry.example';

const aCluster = (version = two, policy?: string) =>
  new ModelCluster().has(one, version, stableDeployment(aDigest('1.0.0')), policyOf(policy));

describe('a reconciler', () => {
  it('records what it decided, and then does it', async () => {
    const cluster = aCluster();
    await cluster.pass();
    const writes = cluster.api.writes.map(({ verb, kind }) => `${verb} ${kind}`);
    expect(writes).toEqual(['apply ModelVersion', 'apply ModelVersion', 'apply Deployment']);
    expect(cluster.deployment(CANARY)?.spec.replicas).toBe(1);
    expect(violations(cluster.version('m-1.1.0'))).toEqual([]);
  });

  it('writes nothing in a second pass over the same facts', async () => {
    const cluster = aCluster(aVersion('1.1.0'));
    await cluster.pass();
    const written = cluster.api.writes.length;
    await cluster.pass();
    expect(cluster.api.writes).toHaveLength(written);
    expect(cluster.verified).toEqual(['m-1.1.0', 'm-1.1.0']);
  });

  it('does nothing for a version whose status somebody else wrote meanwhile', async () => {
    const cluster = aCluster();
    cluster.api.fail({ verb: 'apply', kind: modelVersions.kind, name: 'm-1.1.0' }, refusals.conflict(), 1);
    expect(await cluster.pass()).toMatchObject({ status: 409 });
    expect(cluster.deployment(CANARY)).toBeUndefined();
    expect(await cluster.pass()).toBeUndefined();
    expect(cluster.deployment(CANARY)).toBeDefined();
  });

  it('waits for a cache that does not show its own write', async () => {
    const cluster = aCluster();
    const stale = cluster.api.all(modelVersions);
    await cluster.pass();
    cluster.seen = stale;
    expect(await cluster.pass()).toMatchObject({ name: 'Waiting', reason: 'CacheBehind' });
  });

  it('gives the canary to a stable Deployment that was made again', async () => {
    const cluster = aCluster();
    await cluster.pass();
    const owners = () => cluster.deployment(CANARY)?.metadata.ownerReferences?.map(({ uid }) => uid);
    expect(owners()).toEqual(['uid-web']);
    await cluster.api.delete(deployments, 'ns', 'web');
    const again = stableDeployment(aDigest('1.0.0'));
    cluster.has({ ...again, metadata: { ...again.metadata, uid: 'uid-again' } });
    await cluster.pass();
    expect(owners()).toEqual(['uid-again']);
    const written = cluster.api.writes.filter(({ kind }) => kind === deployments.kind).length;
    await cluster.pass();
    expect(cluster.api.writes.filter(({ kind }) => kind === deployments.kind)).toHaveLength(written);
  });

  it('gives the canary the labels that admission rules ask of the stable Deployment', async () => {
    const cluster = aCluster();
    cluster.has(stableDeployment(aDigest('1.0.0'), { team: 'a', 'argocd.argoproj.io/instance': 'web' }));
    await cluster.pass();
    expect(cluster.deployment(CANARY)?.metadata.labels).toMatchObject({ team: 'a', [labels.track]: 'canary' });
    expect(cluster.deployment(CANARY)?.metadata.labels).not.toHaveProperty('argocd.argoproj.io/instance');
  });
});

describe('a canary that the API server refuses', () => {
  const kind = deployments.kind;

  it('is told in the condition and in a warning, with the words of the server', async () => {
    const cluster = aCluster();
    cluster.api.fail({ verb: 'apply', kind }, refusals.forbidden(RULE));
    expect(await cluster.pass()).toMatchObject({ status: 403 });
    await cluster.pass();
    const said = `The API server refuses the canary Deployment ${CANARY}: ${RULE}`;
    expect(cluster.condition('m-1.1.0', 'Progressing')).toBe(`True CanaryHeldUp: ${said}`);
    expect(cluster.events.at(-1)).toBe(`Warning CanaryHeldUp 1.1.0: ${said}`);
    expect(violations(cluster.version('m-1.1.0'))).toEqual([]);
  });

  it('says it once, and again when the message changes', async () => {
    const cluster = aCluster();
    const heal = cluster.api.fail({ verb: 'apply', kind }, refusals.forbidden(RULE));
    for (let pass = 0; pass < 4; pass += 1) await cluster.pass();
    expect(cluster.events.filter((event) => event.startsWith('Warning CanaryHeldUp'))).toHaveLength(1);
    heal();
    cluster.api.fail({ verb: 'apply', kind }, refusals.forbidden('exceeded quota'));
    for (let pass = 0; pass < 2; pass += 1) await cluster.pass();
    expect(cluster.events.at(-1)).toContain('exceeded quota');
  });

  it('is stalled when its time is over, which runs on from pass to pass', async () => {
    const cluster = aCluster();
    cluster.api.fail({ verb: 'apply', kind }, refusals.forbidden(RULE));
    for (let pass = 0; pass < 3; pass += 1) {
      await cluster.clock.advance(50_000);
      await cluster.pass();
    }
    expect(cluster.condition('m-1.1.0', 'Stalled')).toBeUndefined();
    await cluster.clock.advance(131_000);
    await cluster.pass();
    expect(cluster.condition('m-1.1.0', 'Stalled')).toMatch(/^True CanaryHeldUp: .*registry\.example$/);
    expect(violations(cluster.version('m-1.1.0'))).toEqual([]);
  });

  it('continues when it is no longer refused', async () => {
    const cluster = aCluster();
    const heal = cluster.api.fail({ verb: 'apply', kind }, refusals.forbidden(RULE));
    for (let pass = 0; pass < 2; pass += 1) await cluster.pass();
    heal();
    for (let pass = 0; pass < 2; pass += 1) expect(await cluster.pass()).toBeUndefined();
    expect(cluster.condition('m-1.1.0', 'Progressing')).toMatch(/^True CanaryStarting/);
  });

  const busyOnce = (cluster: ModelCluster) => cluster.api.fail({ verb: 'apply', kind }, refusals.conflict(), 1);

  it.each<[string, (cluster: ModelCluster) => Promise<unknown>]>([
    [
      'again after it was carried out',
      async (cluster) => {
        await cluster.pass();
        await cluster.api.delete(deployments, 'ns', CANARY);
      },
    ],
    [
      'again after it was not wanted for a while',
      async (cluster) => {
        cluster.has({ ...cluster.version('m-1.1.0'), spec: { ...two.spec, suspend: true } });
        await cluster.pass();
        cluster.has({ ...cluster.version('m-1.1.0'), spec: two.spec });
      },
    ],
  ])('is not told of a busy server: %s', async (_, meanwhile) => {
    const cluster = aCluster();
    busyOnce(cluster);
    await cluster.pass();
    await meanwhile(cluster);
    busyOnce(cluster);
    for (let pass = 0; pass < 2; pass += 1) await cluster.pass();
    expect(cluster.condition('m-1.1.0', 'Progressing')).toMatch(/^True CanaryStarting/);
  });

  it('reports a name that is too long for a label, and does not try', async () => {
    const cluster = aCluster();
    const long = aVersion('1.2.0', verified, (version) => ({
      ...version,
      metadata: { ...version.metadata, name: 'm'.repeat(64) },
    }));
    cluster.has(long);
    await cluster.pass();
    expect(cluster.condition('m'.repeat(64), 'Stalled')).toMatch(/has 64 characters.*room for 63/);
    expect(cluster.api.writes.some((made) => made.kind === kind)).toBe(false);
  });

  it('is told of stable pods as well', async () => {
    const cluster = aCluster(aVersion('1.1.0', atStep(2), served), '{canary: {enabled: false}}');
    cluster.api.fail({ verb: 'apply', kind }, refusals.invalid('spec is immutable'));
    for (let pass = 0; pass < 2; pass += 1) await cluster.pass();
    expect(cluster.condition('m-1.1.0', 'Progressing')).toBe(
      'True Promoting: The API server refuses the weights in the stable Deployment: spec is immutable',
    );
    expect(cluster.events.at(-1)).toMatch(/^Warning Promoting/);
  });
});
