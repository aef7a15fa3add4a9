import { describeWhenSet } from '@pawl/test-kit/when-set';
import { cleanFolders } from '@pawl/test-kit/bundles';
import { connect } from '../src/cluster/connection/connect.ts';
import { proved, PromotionFixture } from './support/promotion-fixture.ts';
import { failedFor } from './support/objects.ts';
import { TestNamespace } from './support/real-cluster.ts';

describeWhenSet('KUBECONFIG', 'pawl promote on a real API server', (kubeconfig) => {
  const namespace = new TestNamespace(kubeconfig);

  beforeAll(async () => {
    await namespace.create();
  });

  afterAll(async () => {
    await namespace.remove();
    await cleanFolders();
  });

  it('is refused by the verdict of the cluster, and by no other, then made', async () => {
    const fixture = await PromotionFixture.make('1.0.0');
    const cluster = () =>
      connect({
        kubeconfig,
        namespace: namespace.name,
        requestTimeoutMs: 10_000,
        signal: new AbortController().signal,
      });
    const promote = () =>
      fixture.pawl(['promote', 'catdog', '--from', 'staging', '--to', 'prod', '-n', namespace.name], {
        cluster: cluster(),
      });
    expect((await promote()).err).toContain('[VERDICT_NOT_FOUND]');

    const { apiVersion, kind, metadata, spec } = fixture.proof('1.0.0');
    await namespace.version({ apiVersion, kind, metadata, spec });
    expect((await promote()).err).toContain('[VERDICT_OUTDATED]');

    fixture.prove('1.0.0', proved(), failedFor('AcceptanceFailed', '12 of 16 images were right'));
    await namespace.version(fixture.proof('1.0.0'));
    expect((await promote()).err).toMatch(/is Failed: AcceptanceFailed: 12 of 16 images were right[^]*NOT_SERVING/);
    expect(await fixture.models()).toEqual([]);

    fixture.prove('1.0.0');
    await namespace.version(fixture.proof('1.0.0'));
    const { code, out, err } = await promote();
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/acceptance +16\/16 right[^]*\nCommitted [0-9a-f]+ on main/);
    expect(await fixture.models()).toEqual(['catdog-1.0.0.yaml']);
  });
});
