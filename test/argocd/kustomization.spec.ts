/* eslint-disable @typescript-eslint/no-unsafe-argument, @typescript-eslint/no-unsafe-call, @typescript-eslint/no-unsafe-return --
   Rendered objects are of many kinds; a field that is not there shows as a failed expectation. */
import { readdirSync, rmSync } from 'node:fs';
import { merge, render, run, textsOf, type KubeObject, type Values } from '../chart/support/helm.ts';
import { variants } from '../chart/support/variants.ts';
import { describeWhenSet } from '@pawl/test-kit/when-set';
import { repositoryFile, setting } from './support/argocd.ts';
import { kustomize, personalised } from './support/kubectl.ts';

const MINE = 'https://git.example/me/pawl.git';
const ENVIRONMENTS = ['staging', 'prod'] as const;
const PARTS = ['services', 'versions', 'images'] as const;
const CLUSTER_KINDS = ['CustomResourceDefinition', 'Namespace'];
const groupKind = ({ apiVersion, kind }: KubeObject) =>
  `${apiVersion.includes('/') ? apiVersion.split('/')[0] : ''}/${kind as string}`;
const listed = (list: readonly KubeObject[]) =>
  list.map(({ group, kind }) => `${group as string}/${kind as string}`).sort();

describeWhenSet('PAWL_TEST_KUBECTL', 'k8s/argocd', (kubectl) => {
  const folder = personalised(MINE, 'trunk');
  const bootstrap = kustomize(kubectl, folder);
  const settings = kustomize(kubectl, `${folder}/settings`);
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('has the repository and revision of repository.env wherever there is one, and nothing of ours', () => {
    const texts = bootstrap.objects.flatMap(textsOf);
    expect(texts.filter((text) => /REPOSITORY|REVISION|pawl-dev\/pawl/.test(text))).toEqual([]);
    const values = (node: unknown, key: string): unknown[] =>
      typeof node !== 'object' || node === null
        ? []
        : Object.entries(node).flatMap(([name, value]) => (name === key ? [value] : values(value, key)));
    for (const object of bootstrap.objects) {
      expect(new Set(values(object, 'repoURL'))).toEqual(new Set(object.kind === 'AppProject' ? [] : [MINE]));
      for (const revision of [...values(object, 'targetRevision'), ...values(object, 'revision')])
        expect(revision).toBe('trunk');
      if (object.kind === 'AppProject') expect(object.spec.sourceRepos).toEqual([MINE]);
    }
    expect(values(bootstrap.objects, 'targetRevision')).toHaveLength(2 + 3);
    expect(values(bootstrap.objects, 'revision')).toHaveLength(6);
  });

  it('is what a first `kubectl apply -k` may apply: nothing of Argo CD’s own, nothing that is only read', () => {
    expect(
      bootstrap.objects.map(({ kind, metadata }) => `${kind as string} ${metadata.name as string}`).sort(),
    ).toEqual([
      'AppProject pawl-prod-images',
      'AppProject pawl-prod-services',
      'AppProject pawl-prod-versions',
      'AppProject pawl-root',
      'AppProject pawl-staging-images',
      'AppProject pawl-staging-services',
      'AppProject pawl-staging-versions',
      'Application pawl',
      'ApplicationSet pawl-images',
      'ApplicationSet pawl-services',
      'ApplicationSet pawl-versions',
    ]);
    for (const object of bootstrap.objects) expect(object.metadata.namespace).toBe('argocd');
  });

  it('deletes nothing that runs: no finalizer anywhere, and generated Applications leave their resources', () => {
    expect(JSON.stringify(bootstrap.objects)).not.toContain('finalizers');
    for (const set of bootstrap.objects.filter(({ kind }) => kind === 'ApplicationSet'))
      expect(set.spec.syncPolicy).toEqual({ preserveResourcesOnDeletion: true });
  });

  it('heals, prunes, owns only its fields and never gives up, and ignores no difference of what serves', () => {
    const specs = bootstrap.objects
      .filter(({ kind }) => kind !== 'AppProject')
      .map(({ kind, spec }) => (kind === 'ApplicationSet' ? spec.template.spec : spec));
    expect(specs).toHaveLength(4);
    for (const spec of specs) {
      expect(spec.syncPolicy).toMatchObject({
        automated: { prune: true, selfHeal: true },
        retry: { limit: -1, refresh: true },
      });
      expect(spec.syncPolicy.syncOptions).toContain('ServerSideApply=true');
    }
    for (const { spec } of bootstrap.objects.filter(({ kind }) => kind === 'ApplicationSet'))
      expect(spec.template.spec.ignoreDifferences).toBeUndefined();
    // The root alone, and nothing but the empty templates that the controller of ApplicationSets writes.
    const { ignoreDifferences } = bootstrap.find('Application', 'pawl').spec;
    expect(ignoreDifferences).toEqual([
      {
        group: 'argoproj.io',
        kind: 'ApplicationSet',
        jqPathExpressions: [
          '.spec.generators[].matrix.template',
          '.spec.generators[].matrix.generators[].git.template',
        ],
      },
    ]);
  });

  it('lets the versions end their sync at once: one source, no hook, no wave, ModelVersions alone', () => {
    const { template } = bootstrap.find('ApplicationSet', 'pawl-versions').spec;
    expect(template.spec.sources).toBeUndefined();
    expect(template.spec.source.directory.include).toBe('{{ .path.basename }}-[0-9]*.yaml');
  });

  it('names projects by the folder of the environment, whatever is written in it', () => {
    for (const part of PARTS)
      expect(bootstrap.find('ApplicationSet', `pawl-${part}`).spec.template.spec.project).toBe(
        `pawl-{{ .environment.path.basename }}-${part}`,
      );
  });

  it.each(ENVIRONMENTS)('lets %s write to its own namespace alone, and only the kinds of each part', (environment) => {
    for (const part of PARTS) {
      const { spec } = bootstrap.find('AppProject', `pawl-${environment}-${part}`);
      expect(spec.destinations).toEqual([
        { server: 'https://kubernetes.default.svc', namespace: `pawl-${environment}` },
      ]);
      expect(spec.sourceRepos).toEqual([MINE]);
      if (part === 'services') continue;
      expect(spec.clusterResourceWhitelist).toEqual([]);
      expect(listed(spec.namespaceResourceWhitelist)).toEqual([
        { versions: 'pawl.dev/ModelVersion', images: '/ConfigMap' }[part],
      ]);
    }
  });

  it('gives rights and takes none, so that two groups never weaken each other, and lets few act in prod', () => {
    const policies = bootstrap.objects
      .filter(({ kind }) => kind === 'AppProject')
      .flatMap(({ spec }) => (spec.roles ?? []).flatMap((role: KubeObject) => role.policies as string[]));
    expect(policies.filter((policy) => !policy.endsWith(', allow'))).toEqual([]);
    expect(policies.filter((policy) => / (delete|create|update|override|\*),/.test(policy))).toEqual([]);
    const inProd = policies
      .filter((policy) => policy.startsWith('p, proj:pawl-prod-versions:releaser,'))
      .map((policy) => policy.split(', ')[3]);
    expect(inProd).toEqual(['get', 'action/pawl.dev/ModelVersion/abort', 'action/pawl.dev/ModelVersion/suspend']);
    // Each speaks of its own project: rights of one environment are none in another.
    for (const policy of policies) {
      const [, project] = /^p, proj:([^:]+):/.exec(policy) ?? [];
      expect(policy.split(', ')[4]).toBe(`${project ?? ''}/*`);
    }
  });

  it('adds keys to Argo CD’s ConfigMaps that are never pruned', () => {
    expect(settings.objects).toHaveLength(2);
    for (const { metadata } of settings.objects)
      expect(metadata).toMatchObject({
        namespace: 'argocd',
        labels: { 'app.kubernetes.io/part-of': 'argocd' },
        annotations: { 'argocd.argoproj.io/sync-options': 'Prune=false,Delete=false' },
      });
    expect(settings.find('ConfigMap', 'argocd-cm').data).toEqual({
      'resource.customizations.health.pawl.dev_ModelVersion': setting('health.lua'),
      'resource.customizations.actions.pawl.dev_ModelVersion': setting('actions.yaml'),
    });
  });

  describe.each(ENVIRONMENTS)('k8s/environments/%s', (environment) => {
    const acceptance = repositoryFile(`k8s/environments/${environment}/catdog/acceptance`);

    it('labels its acceptance images for the controller, within the size of a ConfigMap', () => {
      const images = kustomize(kubectl, acceptance).find('ConfigMap');
      expect(images.metadata).toEqual({
        name: 'catdog-acceptance',
        labels: { 'pawl.dev/model': 'catdog', 'pawl.dev/role': 'acceptance-images' },
      });
      const files = readdirSync(acceptance).filter((file) => file.endsWith('.jpg'));
      expect(Object.keys(images.binaryData).sort()).toEqual(files.sort());
      expect(new Set(files.map((file) => file.split('.')[0]))).toEqual(new Set(['cat', 'dog']));
      expect(JSON.stringify(images).length).toBeLessThan(1024 * 1024);
    });

    it('has images that the other one has not, each with its source', () => {
      const other = repositoryFile(
        `k8s/environments/${ENVIRONMENTS.find((name) => name !== environment) ?? ''}/catdog/acceptance`,
      );
      const images = (path: string) => readdirSync(path).filter((file) => file.endsWith('.jpg'));
      expect(images(acceptance).filter((file) => images(other).includes(file))).toEqual([]);
      const notice = run('cat', [`${acceptance}/NOTICE.md`]).stdout;
      expect(images(acceptance).filter((file) => !notice.includes(`| ${file} `))).toEqual([]);
    });
  });

  describeWhenSet('PAWL_TEST_HELM', 'with the chart', (helm) => {
    const everything = (values: Values) =>
      render(
        helm,
        merge(values, {
          serviceMonitor: { enabled: true },
          prometheusRule: { enabled: true },
          controller: { ...(values['controller'] as Values | undefined), podMonitor: { enabled: true } },
          smokeTest: { argocdHook: true },
        }),
      ).objects;

    it.each(ENVIRONMENTS)('allows %s the kinds that the chart can render, and no other', (environment) => {
      const kinds = new Set(Object.values(variants).flatMap((values) => everything(values).map(groupKind)));
      const project = bootstrap.find('AppProject', `pawl-${environment}-services`).spec;
      expect(
        [...listed(project.namespaceResourceWhitelist), ...listed(project.clusterResourceWhitelist)].sort(),
      ).toEqual(
        // The namespace is made by Argo CD itself.
        [...kinds, '/Namespace'].sort(),
      );
      expect(project.clusterResourceWhitelist.map(({ kind }: KubeObject) => kind).sort()).toEqual(CLUSTER_KINDS);
    });

    it.each(ENVIRONMENTS)('renders %s, whose controller and CRD are there once', (environment) => {
      const at = (file: string) => ['--values', repositoryFile(`k8s/environments/${environment}/${file}`)];
      const chart = repositoryFile('charts/pawl');
      const files = [...at('values.yaml'), ...at('catdog/values.yaml')];
      const { code, stdout, stderr } = run(helm, ['template', 'catdog', chart, ...files]);
      expect([code, stderr]).toEqual([0, '']);
      expect(stdout.match(/^kind: CustomResourceDefinition$/gm) ?? []).toHaveLength(environment === 'staging' ? 1 : 0);
      expect(stdout).toContain('name: catdog-pawl-controller');
      expect(stdout).toContain('argocd.argoproj.io/hook: PostSync');
      const another = run(helm, ['template', 'lynx', chart, ...at('values.yaml'), '--set', 'model.name=lynx']);
      expect(another.stdout).not.toMatch(/lynx-pawl-controller|kind: CustomResourceDefinition/);
      expect(another.code).toBe(0);
    });
  });
});
