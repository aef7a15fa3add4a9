import { problem, type Finding } from './findings.ts';

/** A model of an environment, as the ApplicationSets see its folder. */
export interface Generated {
  readonly environment: string;
  readonly model: string;
  /** The folder, as people type it. */
  readonly file: string;
  readonly hasAcceptance: boolean;
}

/**
 * Pure: folders that would give two Applications of Argo CD one name: `b-c/a` and `c/a-b` are both `a-b-c`. Argo CD then makes
 * none of that set, also not those of other environments.
 */
export function checkApplications(folders: readonly Generated[]): readonly Finding[] {
  const owners = new Map<string, Generated>();
  return folders.flatMap((folder) =>
    namesOf(folder).flatMap((name) => {
      const other = owners.get(name);
      if (other === undefined || other === folder) {
        owners.set(name, folder);
        return [];
      }
      return [
        problem(
          'APPLICATION_DUPLICATE',
          folder.file,
          `Argo CD would call an Application ${name} here and in ${other.file}, and then makes none.`,
          'Rename the model or the environment, so that model-environment, with or without -versions or -images, is there once.',
        ),
      ];
    }),
  );
}

function namesOf({ environment, model, hasAcceptance }: Generated): readonly string[] {
  // As Argo CD normalises a folder's name, as far as names of folders are valid here.
  const base = `${model.replaceAll('_', '-')}-${environment}`;
  return [base, `${base}-versions`, ...(hasAcceptance ? [`${base}-images`] : [])];
}
