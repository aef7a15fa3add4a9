import type { Context } from '../../../terminal/context.ts';
import { count } from '../../../terminal/text.ts';
import { checkImages, readLabels } from './check-images.ts';
import { checkKeys, checkImageLabels, checkPolicy, readAcceptance } from './check-rendered.ts';
import type { EnvironmentCheck } from './findings.ts';
import { ACCEPTANCE_FOLDER, type EnvironmentFolder } from './read-tree.ts';
import type { RenderedModel } from './render.ts';
import { highestOf } from './version-file.ts';

/** What a model's chart and acceptance images came to: objects, policy, keys, pictures that can judge. */
export async function checkModel(
  context: Context,
  environment: EnvironmentFolder,
  rendered: RenderedModel,
  offline: boolean,
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
  const highest = highestOf(environment.versions, model.name);
  const known = offline || highest === undefined ? { findings: [] } : await readLabels(context, highest);
  const labels = [...new Set(acceptance.images.map(({ label }) => label))].sort();
  return [
    chart,
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
