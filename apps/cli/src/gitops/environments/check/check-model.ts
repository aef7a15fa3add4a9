import { count } from '../../../terminal/text.ts';
import type { Manifests } from './check-bundles.ts';
import { checkImages, labelsOf } from './check-images.ts';
import { allowedKinds, type Project } from './check-projects.ts';
import { checkKeys, checkImageLabels, checkPolicy, readAcceptance } from './check-rendered.ts';
import { checkScope } from './check-scope.ts';
import type { EnvironmentCheck, Finding } from './findings.ts';
import { ACCEPTANCE_FOLDER, type EnvironmentFolder } from './read-tree.ts';
import type { RenderedModel } from './render.ts';
import { highestOf } from './version-file.ts';

/** What a model's chart and acceptance images came to: objects, policy, keys, pictures that can judge. */
export async function checkModel(
  environment: EnvironmentFolder,
  rendered: RenderedModel,
  { projects, manifests }: { readonly projects: readonly Project[]; readonly manifests: Manifests | undefined },
): Promise<readonly EnvironmentCheck[]> {
  const { model, file, objects, findings } = rendered;
  const check = (name: string, found: string, of: EnvironmentCheck['findings']): EnvironmentCheck => ({
    environment: environment.name,
    name: `${model.name}: ${name}`,
    found,
    findings: of,
  });
  const chart = check('chart and images render', count(objects.length, 'object'), findings);
  // What was not rendered says nothing, neither good nor bad.
  if (findings.some(({ severity }) => severity === 'error')) return [{ ...chart, found: 'they do not' }];
  const subject = { model: model.name, file, objects };
  const policy = checkPolicy(subject);
  const keys = checkKeys(subject, environment.releaseKeys);
  const pictures = model.hasAcceptance ? `${model.shown}/${ACCEPTANCE_FOLDER}` : file;
  const acceptance = readAcceptance({ ...subject, file: pictures });
  const strayed = checkReach(environment, rendered, pictures, projects);
  const reached = strayed.length === 0 ? `${environment.declaration?.namespace ?? 'its own'} alone` : 'reach further';
  const highest = highestOf(environment.versions, model.name);
  const known =
    highest === undefined ? { findings: [] } : labelsOf(highest, manifests?.get(highest.spec.artifact.digest));
  const labels = [...new Set(acceptance.images.map(({ label }) => label))].sort();
  return [
    chart,
    check('kinds and namespaces', reached, strayed),
    check('policy', policy.found, policy.findings),
    check('signatures', keys.found, keys.findings),
    check(
      'acceptance images',
      acceptance.images.length === 0 ? 'none' : `${acceptance.images.length} of ${labels.join(', ')}`,
      [
        ...acceptance.findings,
        ...(await checkImages(pictures, acceptance.images)),
        ...checkImageLabels(pictures, acceptance.images, 'labels' in known ? known.labels : undefined),
        ...known.findings,
      ],
    ),
  ];
}

/** What of the chart and of the acceptance images is of other kinds or in other namespaces than the environment's. */
function checkReach(
  { name, declaration }: EnvironmentFolder,
  { file, objects, images }: RenderedModel,
  pictures: string,
  projects: readonly Project[],
): readonly Finding[] {
  const namespace = declaration?.namespace;
  const chart = objects.filter((object) => !images.includes(object));
  return (
    [
      ['services', file, chart],
      ['images', pictures, images],
    ] as const
  ).flatMap(([part, at, those]) =>
    checkScope({ part, file: at, namespace, allowed: allowedKinds(projects, name, part), objects: those }),
  );
}
