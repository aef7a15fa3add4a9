import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Context } from '../../../terminal/context.ts';
import { oneLine } from './declaration.ts';
import { problem, type Finding, type FindingCode } from './findings.ts';
import { parseObjects, type ParsedObject } from './kube-object.ts';
import { ACCEPTANCE_FOLDER, VALUES_FILE, type EnvironmentFolder, type ModelFolder } from './read-tree.ts';
import { programProblem, runProgram, type Ended } from './run-program.ts';

/** What a program made of files, or why it made nothing. */
export interface Rendering {
  readonly objects: readonly ParsedObject[];
  readonly findings: readonly Finding[];
}

/** Namespace of an environment that does not say a valid one; its declaration is an error already. */
const NO_NAMESPACE = 'default';

/**
 * Renders the chart as Argo CD does: values of the environment, then of the model; the model's name as the release; Helm's tests only
 * where they are hooks of Argo CD too. The values' schema is closed, so Helm refuses values that the chart does not have.
 *
 * @param chart absolute path of the chart's folder
 */
async function renderChart(
  context: Context,
  chart: string,
  environment: EnvironmentFolder,
  model: ModelFolder,
): Promise<Rendering> {
  const values = [environment.values, model.hasValues ? join(model.folder, VALUES_FILE) : undefined].filter(
    (file) => file !== undefined,
  );
  const namespace = environment.declaration?.namespace ?? NO_NAMESPACE;
  const flags = ['--namespace', namespace, ...values.flatMap((file) => ['--values', file])];
  const ended = await runProgram(context, 'helm', ['template', model.name, chart, ...flags], { cwd: context.cwd });
  const file = model.hasValues ? `${model.shown}/${VALUES_FILE}` : `${environment.shown}/${VALUES_FILE}`;
  const rendering = toRendering('helm', ended, 'RENDER_FAILED', file, {
    hint: `helm template ${model.name} with the values of ${environment.name} says the same; the chart's README lists its values.`,
    hide: [...values.map((path) => [path, path.slice(environment.folder.length + 1)] as const), [chart, 'the chart']],
  });
  return { ...rendering, objects: rendering.objects.filter(isApplied) };
}

/**
 * Whether Argo CD applies an object that Helm rendered: it passes over hooks of Helm that it has no like of
 * (https://argo-cd.readthedocs.io/en/stable/user-guide/helm/#helm-hooks), unless they are hooks of its own too.
 */
const isApplied = ({ metadata: { annotations = {} } }: ParsedObject): boolean =>
  annotations['helm.sh/hook']?.startsWith('test') !== true || annotations['argocd.argoproj.io/hook'] !== undefined;

/** Renders the ConfigMaps of a model's acceptance images; nothing is fetched for it. */
async function renderImages(context: Context, model: ModelFolder): Promise<Rendering> {
  if (!model.hasAcceptance || model.foreignFindings.length > 0) return { objects: [], findings: model.foreignFindings };
  return await kustomize(context, join(model.folder, ACCEPTANCE_FOLDER), `${model.shown}/${ACCEPTANCE_FOLDER}`);
}

/** Folder of Argo CD's own objects, beside the folder of the environments. */
export const argocdFolder = (environments: string): string => join(dirname(environments), 'argocd');

/** Renders Argo CD's own objects; undefined where there is no folder of them. */
export async function renderArgocd(context: Context, folder: string, shown: string): Promise<Rendering | undefined> {
  const there = await stat(join(folder, 'kustomization.yaml')).catch(() => undefined);
  return there === undefined ? undefined : await kustomize(context, folder, shown);
}

/** Renders a folder with a kustomization by `kubectl kustomize`, or by kustomize where there is no kubectl. */
async function kustomize(context: Context, folder: string, shown: string): Promise<Rendering> {
  const options = { cwd: context.cwd };
  let ended = await runProgram(context, 'kubectl', ['kustomize', folder], options);
  if (ended.kind === 'missing') {
    const own = await runProgram(context, 'kustomize', ['build', folder], options);
    if (own.kind !== 'missing') ended = own;
  }
  return toRendering('kubectl', ended, 'RENDER_FAILED', shown, {
    hint: `kubectl kustomize ${shown} says the same; fix the kustomization or what it names.`,
    hide: [[folder, shown]],
  });
}

interface Saying {
  readonly hint: string;
  /** Absolute paths, and what stands for them. */
  readonly hide: readonly (readonly [path: string, shown: string])[];
}

function toRendering(
  program: string,
  ended: Ended,
  code: FindingCode,
  file: string,
  { hint, hide }: Saying,
): Rendering {
  if (ended.kind !== 'ended') return { objects: [], findings: [programProblem(program, ended)] };
  const refuse = (message: string) => ({ objects: [], findings: [problem(code, file, message, hint)] });
  if (ended.code !== 0) {
    const said = hide.reduce((text, [path, shown]) => text.replaceAll(path, shown), ended.stderr);
    return refuse(
      `cannot be rendered: ${said
        .replace(/^Error: /i, '')
        .replace(/\s*\n\s*/g, ' ')
        .trim()
        .slice(0, 2000)}`,
    );
  }
  try {
    return { objects: parseObjects(ended.stdout), findings: [] };
  } catch (error) {
    return refuse(`renders to ${oneLine(error)}.`);
  }
}

/** A model of an environment, rendered. */
export interface RenderedModel extends Rendering {
  readonly model: ModelFolder;
  /** File that people change, as they type it. */
  readonly file: string;
  /** Those of {@link objects} that are the model's acceptance images, and no chart's. */
  readonly images: readonly ParsedObject[];
}

/** An environment, rendered: what Argo CD would apply. */
export interface RenderedEnvironment {
  readonly environment: EnvironmentFolder;
  readonly models: readonly RenderedModel[];
  /** Of all models, and the ModelVersions. */
  readonly objects: readonly ParsedObject[];
  /** Whether something could not be rendered, so that objects are missing. */
  readonly failed: boolean;
}

/** Renders everything of an environment, one program at a time. */
export async function renderEnvironment(
  context: Context,
  chart: string,
  environment: EnvironmentFolder,
): Promise<RenderedEnvironment> {
  const models: RenderedModel[] = [];
  for (const model of environment.models) {
    const images = await renderImages(context, model);
    const parts = [await renderChart(context, chart, environment, model), images];
    models.push({
      images: images.objects,
      model,
      file: `${model.shown}/${VALUES_FILE}`,
      objects: parts.flatMap(({ objects }) => objects),
      findings: parts.flatMap(({ findings }) => findings),
    });
  }
  return {
    environment,
    models,
    objects: [...models.flatMap(({ objects }) => objects), ...environment.versions.map(({ object }) => object)],
    failed:
      environment.versionFindings.some(({ severity }) => severity === 'error') ||
      models.some(({ findings }) => findings.length > 0),
  };
}
