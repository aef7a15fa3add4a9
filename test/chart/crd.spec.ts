import { modelVersionCrd } from '@pawl/shared/modelversion/crd';
import { describeWhenSet } from '@pawl/test-kit/when-set';
import { ensureCrd, InstalledRelease, Namespace } from './support/cluster.ts';
import { CRD_CHART, render, Rendered, run } from './support/helm.ts';
import { standalone } from './support/releases.ts';

/** Neither Helm nor Argo CD may delete the CRD: every verdict would go with it. */
const kept = {
  'helm.sh/resource-policy': 'keep',
  'argocd.argoproj.io/sync-options': 'Prune=false,Delete=false',
  'argocd.argoproj.io/sync-wave': '-1',
};

describeWhenSet('PAWL_TEST_HELM', 'the CRD', (helm) => {
  const alone = (...flags: readonly string[]) =>
    run(helm, ['template', 'crds', CRD_CHART, '--namespace', 'pawl-system', ...flags]);

  it('is that of the types, kept when the release is deleted', () => {
    const { metadata, spec } = render(helm).find('CustomResourceDefinition');
    expect(spec).toEqual(modelVersionCrd()['spec']);
    expect(metadata.annotations).toEqual(kept);
  });

  it('is not brought where no controller reads ModelVersions', () => {
    expect(render(helm, standalone).find('CustomResourceDefinition')).toBeUndefined();
  });

  it('has a chart of its own', () => {
    expect(run(helm, ['lint', '--strict', CRD_CHART])).toMatchObject({ code: 0 });
    const { objects } = new Rendered(alone().stdout);
    expect(objects).toHaveLength(1);
    const { metadata, spec } = objects[0];
    expect(spec).toEqual(modelVersionCrd()['spec']);
    expect(metadata.annotations).toEqual(kept);
    expect(metadata.labels).toMatchObject({
      'app.kubernetes.io/instance': 'crds',
      'app.kubernetes.io/managed-by': 'Helm',
    });
  });

  it('can be left to Helm, and labelled, in that chart', () => {
    const { objects } = new Rendered(alone('--set', 'keep=false,commonLabels.team=x').stdout);
    const { metadata } = objects[0];
    expect(metadata.annotations).toEqual({ 'argocd.argoproj.io/sync-wave': '-1' });
    expect(metadata.labels['team']).toBe('x');
  });

  it('knows no other values in that chart', () => {
    expect(alone('--set', 'kep=false')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("additional properties 'kep' not allowed"),
    });
  });
});

describeWhenSet('KUBECONFIG', 'a release in a cluster that has the CRD', () => {
  const helm = process.env['PAWL_TEST_HELM'] ?? 'helm';
  const namespace = new Namespace();
  const release = new InstalledRelease(helm, namespace);
  const small = { replicaCount: 0, controller: { replicas: 0 } };
  const crd = () => {
    const { uid, labels = {}, annotations = {} } = namespace.get('crd', 'modelversions.pawl.dev').metadata;
    return { uid, labels, owner: annotations['meta.helm.sh/release-namespace'] as unknown };
  };
  let before: ReturnType<typeof crd>;

  beforeAll(() => {
    namespace.create();
    ensureCrd(namespace, render(helm).find('CustomResourceDefinition'));
    before = crd();
  });
  afterAll(() => {
    namespace.delete();
  });

  it('installs beside it, says whose it is, and leaves it as it is', () => {
    const said = release.must(['install', 'pets', 'charts/pawl'], small);
    expect(said).toMatch(/modelversions\.pawl\.dev belongs to (no release|the release \S+ of the namespace \S+),/);
    expect(said).toContain('--set crds.adopt=true --take-ownership');
    expect(release.must(['get', 'manifest', 'pets'])).not.toContain('kind: CustomResourceDefinition');
    expect(crd()).toEqual(before);
  }, 120_000);

  it('takes it over only when told to, and not unnoticed', () => {
    const adopt = { ...small, crds: { adopt: true } };
    // Helm's own check, which --take-ownership turns off.
    expect(release.helm(['upgrade', 'pets', 'charts/pawl'], adopt).stderr).toMatch(/invalid ownership metadata/);
    const planned = release.must(
      ['upgrade', 'pets', 'charts/pawl', '--take-ownership', '--dry-run=server', '--output', 'json'],
      adopt,
    );
    expect(planned).toContain('kind: CustomResourceDefinition');
    expect(crd()).toEqual(before);
  }, 120_000);

  it('goes without it', () => {
    release.must(['uninstall', 'pets']);
    expect(crd()).toEqual(before);
  }, 120_000);
});
