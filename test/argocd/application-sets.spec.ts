import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { parse, stringify } from 'yaml';
import type { KubeObject } from '../chart/support/helm.ts';
import { describeWhenSet } from '@pawl/test-kit/when-set';
import { repositoryFile } from './support/argocd.ts';
import { kustomize, personalised } from './support/kubectl.ts';

const ENVIRONMENTS = ['dev', 'staging', 'prod'];
/** Two of them where one is the beginning of the other, and one whose name no Application can have. */
const MODELS = ['catdog', 'cat', 'lynx', 'puma', 'tabby', 'otter', 'heron', 'finch', 'moth', 'big_cat'];

/** Lines of an environment.yaml that would pass for another environment's, were the folder's own name not to count. */
const PROD = ['k8s', 'environments', 'prod', 'catdog'];
const PLACE = { path: PROD.join('/'), basename: 'prod', basenameNormalized: 'prod', segments: PROD };
const POSING = { path: PLACE, environment: { path: PLACE } };

/** Runs a program to its end, in a minute at most; throws what it says when it refuses. */
function must(program: string, args: readonly string[], cwd?: string): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, { cwd, encoding: 'utf8', timeout: 60_000 });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${error?.message ?? ''} ${stderr}${stdout}`);
  return stdout;
}

/** A repository of ten models in three environments, two of which are on clusters of their own. */
function aRepository(): string {
  const folder = mkdtempSync(join(tmpdir(), 'pawl-ten-models-'));
  for (const environment of ENVIRONMENTS) {
    const at = join(folder, 'k8s/environments', environment);
    mkdirSync(join(at, 'models'), { recursive: true });
    const cluster = environment === 'prod' ? 'https://prod.example:6443' : 'https://kubernetes.default.svc';
    const declared = { cluster, namespace: `pawl-${environment}`, promotion: { from: 'dev', servingMinutes: 5 } };
    writeFileSync(join(at, 'environment.yaml'), stringify({ ...declared, ...(environment === 'dev' && POSING) }));
    writeFileSync(join(at, 'models/README.md'), 'versions');
    for (const model of MODELS) {
      cpSync(repositoryFile('k8s/environments/staging/catdog'), join(at, model), { recursive: true });
      writeFileSync(join(at, model, 'values.yaml'), stringify({ model: { name: model } }));
    }
  }
  const identity = ['-c', 'user.name=Pawl', '-c', 'user.email=pawl@example.com'];
  must('git', ['init', '--quiet', '--initial-branch=trunk'], folder);
  must('git', ['add', '--all'], folder);
  must('git', [...identity, 'commit', '--quiet', '--message', 'Ten models'], folder);
  return folder;
}

describeWhenSet('ARGOCD_SERVER', 'ten models in three environments, by the ApplicationSets', () => {
  describeWhenSet('PAWL_TEST_ARGOCD', 'of a running Argo CD that reads file://', (argocd) => {
    describeWhenSet('PAWL_TEST_KUBECTL', 'and kubectl', (kubectl) => {
      let repository: string;
      let bootstrap: string;
      let services: ReadonlyMap<string, KubeObject>;
      let versions: ReadonlyMap<string, KubeObject>;
      let images: ReadonlyMap<string, KubeObject>;
      beforeAll(() => {
        repository = aRepository();
        bootstrap = personalised(`file://${repository}`, 'trunk');
        const sets = kustomize(kubectl, bootstrap);
        services = generate(sets.find('ApplicationSet', 'pawl-services'));
        versions = generate(sets.find('ApplicationSet', 'pawl-versions'));
        images = generate(sets.find('ApplicationSet', 'pawl-images'));
      });
      afterAll(() => {
        for (const folder of [repository, bootstrap]) rmSync(folder, { recursive: true, force: true });
      });
      /** Applications by name, as Argo CD's API generates them; nothing is created. */
      const generate = (set: KubeObject): ReadonlyMap<string, KubeObject> => {
        // Kept beside it: the one that every Argo CD has, for it refuses those of the bootstrap where nobody bootstrapped.
        set.spec.template.metadata.annotations = { project: set.spec.template.spec.project as string };
        set.spec.template.spec.project = 'default';
        const file = join(bootstrap, `${set.metadata.name}.json`);
        writeFileSync(file, JSON.stringify(set));
        const applications = parse(must(argocd, ['appset', 'generate', file, '--output', 'yaml'])) as KubeObject[];
        return new Map(applications.map((application) => [application.metadata.name, application]));
      };
      const pairs = ENVIRONMENTS.flatMap((environment) => MODELS.map((model) => [model, environment] as const));
      const nameOf = (model: string, environment: string) => `${model.replaceAll('_', '-')}-${environment}`;

      it('are thirty services, as many Applications of versions and of images, and none of the folder models', () => {
        expect([...services.keys()].sort()).toEqual(pairs.map(([m, e]) => nameOf(m, e)).sort());
        expect([...versions.keys()].sort()).toEqual(pairs.map(([m, e]) => `${nameOf(m, e)}-versions`).sort());
        expect([...images.keys()].sort()).toEqual(pairs.map(([m, e]) => `${nameOf(m, e)}-images`).sort());
      });

      it.each(pairs)('%s in %s has its own values, images, versions, namespace and cluster', (model, environment) => {
        const at = `k8s/environments/${environment}`;
        const destination = {
          server: environment === 'prod' ? 'https://prod.example:6443' : 'https://kubernetes.default.svc',
          namespace: `pawl-${environment}`,
        };
        const source = { repoURL: `file://${repository}`, targetRevision: 'trunk' };
        const labels = { 'pawl.dev/model': model, 'pawl.dev/environment': environment };
        const service = services.get(nameOf(model, environment));
        const weights = versions.get(`${nameOf(model, environment)}-versions`);
        const pictures = images.get(`${nameOf(model, environment)}-images`);
        for (const [application, part] of [
          [service, 'services'],
          [weights, 'versions'],
          [pictures, 'images'],
        ] as const) {
          expect(application.metadata.labels).toEqual(labels);
          expect(application.metadata.annotations).toEqual({ project: `pawl-${environment}-${part}` });
          expect(application.metadata.finalizers).toBeUndefined();
          expect(application.spec).toMatchObject({ destination, source });
        }
        expect(service.spec.source).toEqual({
          ...source,
          path: 'charts/pawl',
          helm: {
            releaseName: model.replaceAll('_', '-'),
            valueFiles: [`/${at}/values.yaml`, `/${at}/${model}/values.yaml`],
          },
        });
        expect(weights.spec.source).toMatchObject({
          path: `${at}/models`,
          directory: { include: `${model}-[0-9]*.yaml` },
        });
        expect(pictures.spec.source).toEqual({ ...source, path: `${at}/${model}/acceptance` });
      });
    });
  });
});
