import { count } from '../../../terminal/text.ts';
import { problem, type EnvironmentCheck, type Finding } from './findings.ts';
import type { EnvironmentFolder } from './read-tree.ts';
import { checkVersions } from './version-file.ts';

/** What Argo CD and Helm take as a part of names. */
const NAME = /^[a-z]([a-z0-9-]*[a-z0-9])?$/;
/** A release's name becomes a prefix of names, and with the environment's the name of an Application. */
const LONGEST_NAME = 40;

/** Pure: the files of an environment by themselves: environment.yaml, names of folders, ModelVersions. */
export function checkEnvironmentFiles(environment: EnvironmentFolder): readonly EnvironmentCheck[] {
  const { name, shown, declaration, models, versions } = environment;
  const names = models.map((model) => model.name);
  return [
    {
      environment: name,
      name: 'environment.yaml',
      found: declaration === undefined ? 'not valid' : `${declaration.namespace} of ${declaration.cluster}`,
      findings: [
        ...environment.declarationFindings,
        ...checkName(name, shown, 'environment'),
        ...checkValues(environment),
      ],
    },
    {
      environment: name,
      name: 'files',
      found: environment.foreignFindings.length === 0 ? 'all are its own' : 'lead elsewhere',
      findings: environment.foreignFindings,
    },
    {
      environment: name,
      name: 'models',
      found: names.length === 0 ? 'none yet' : names.join(', '),
      findings: models.flatMap((model) => [
        ...checkName(model.name, model.shown, 'model'),
        ...(model.hasValues
          ? []
          : [
              problem(
                'MODEL_INVALID',
                model.shown,
                `the folder of the model ${model.name} has no values.yaml.`,
                `Write at least model: {name: ${model.name}} into it.`,
              ),
            ]),
      ]),
    },
    {
      environment: name,
      name: 'ModelVersions',
      found: count(versions.length, 'version'),
      findings: [...environment.versionFindings, ...checkVersions(versions, names)],
    },
  ];
}

function checkName(name: string, file: string, what: string): readonly Finding[] {
  return NAME.test(name) && name.length <= LONGEST_NAME
    ? []
    : [
        problem(
          what === 'model' ? 'MODEL_INVALID' : 'ENVIRONMENT_INVALID',
          file,
          `${name} cannot be the name of ${what === 'model' ? 'a model' : 'an environment'}: expected lower-case letters, digits and hyphens, at most ${LONGEST_NAME}.`,
          'Rename the folder.',
        ),
      ];
}

function checkValues({ values, shown, name }: EnvironmentFolder): readonly Finding[] {
  return values === undefined
    ? [
        problem(
          'ENVIRONMENT_INVALID',
          shown,
          `${name} has no values.yaml.`,
          'Write one; {} where nothing differs from the chart.',
        ),
      ]
    : [];
}
