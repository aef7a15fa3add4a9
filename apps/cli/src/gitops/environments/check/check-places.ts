import { checkApplications } from './check-applications.ts';
import { checkProjects, type Guarded, type Project } from './check-projects.ts';
import { checkOwners } from './check-rendered.ts';
import { checkPlaces } from './declaration.ts';
import type { EnvironmentCheck } from './findings.ts';
import type { EnvironmentFolder } from './read-tree.ts';
import type { RenderedEnvironment } from './render.ts';

/** Pure: whether each environment has a place of its own and versions come from where there are some. */
export function placeChecks(
  all: readonly EnvironmentFolder[],
  chosen: readonly EnvironmentFolder[],
): readonly EnvironmentCheck[] {
  const findings = checkPlaces(
    all.map(({ name, shown, declaration }) => ({ name, declaration, file: `${shown}/environment.yaml` })),
  );
  return chosen.flatMap(({ name, shown, declaration }) => {
    if (declaration === undefined) return [];
    const { promotion } = declaration;
    const found =
      promotion === undefined
        ? 'takes releases'
        : `takes versions from ${promotion.from} after ${promotion.servingMinutes} min`;
    const own = findings.filter(({ file }) => file?.startsWith(`${shown}/`) === true);
    return [{ environment: name, name: 'place and promotion', found, findings: own }];
  });
}

/**
 * Pure: what Argo CD would let each environment write to, and what it would call its Applications.
 *
 * @param projects undefined where Argo CD's objects are not in this repository, or cannot be rendered.
 * @param argocd folder of Argo CD's objects, as people type it.
 */
export function reachChecks(
  all: readonly EnvironmentFolder[],
  chosen: readonly EnvironmentFolder[],
  projects: readonly Project[] | undefined,
  argocd: string,
): readonly EnvironmentCheck[] {
  const twice = checkApplications(
    all.flatMap((environment) =>
      environment.models.map(({ name, shown, hasAcceptance }) => ({
        environment: environment.name,
        model: name,
        file: shown,
        hasAcceptance,
      })),
    ),
  );
  return chosen.flatMap(({ name, shown, declaration }) => [
    {
      environment: name,
      name: 'Applications',
      found: 'each has a name of its own',
      findings: twice.filter(({ file }) => file?.startsWith(`${shown}/`) === true),
    },
    ...(projects === undefined
      ? []
      : [projectCheck({ name, file: `${shown}/environment.yaml`, declaration }, projects, argocd)]),
  ]);
}

function projectCheck(environment: Guarded, projects: readonly Project[], argocd: string): EnvironmentCheck {
  const findings = checkProjects(environment, projects, argocd);
  const found = findings.length === 0 ? 'allow its own place and kinds' : 'do not fit';
  return { environment: environment.name, name: 'projects', found, findings };
}

/** Pure: whether every object belongs to one release. */
export function ownerChecks(rendered: readonly RenderedEnvironment[]): readonly EnvironmentCheck[] {
  const placed = rendered.flatMap(({ environment, models }) =>
    models.map(({ model, file, objects }) => ({
      owner: `${environment.name}/${model.name}`,
      environment: environment.name,
      file,
      cluster: environment.declaration?.cluster ?? '',
      namespace: environment.declaration?.namespace ?? '',
      objects,
    })),
  );
  const findings = checkOwners(placed);
  return rendered.map(({ environment }) => ({
    environment: environment.name,
    name: 'owners',
    found: 'every object has one',
    findings: findings.filter(({ file }) => file?.startsWith(`${environment.shown}/`) === true),
  }));
}
