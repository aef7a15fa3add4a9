import { maskUri } from '@pawl/shared/errors/mask-uri';
import { modelVersionSpecSchema, type ModelVersionSpec } from '@pawl/shared/modelversion/model-version';
import { annotations, API_VERSION, MODEL_VERSION } from '@pawl/shared/modelversion/names';
import { compareBuild } from 'semver';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { checkScope } from './check-scope.ts';
import { issuesOf } from './declaration.ts';
import { notice, problem, type Finding } from './findings.ts';
import type { ParsedObject } from './kube-object.ts';

/** A file of `models/`. */
export interface TextFile {
  /** Name without folders. */
  readonly name: string;
  /** Path as people type it. */
  readonly file: string;
  readonly text: string;
}

/** A ModelVersion of an environment's folder. */
export interface VersionFile extends TextFile {
  readonly spec: ModelVersionSpec;
  readonly object: ParsedObject;
}

const { shape } = modelVersionSpecSchema;
/** https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-subdomain-names */
const SUBDOMAIN = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/;

/**
 * A ModelVersion as Git may hold it. Closed, unlike the CRD: the API server drops what it does not know, and Argo CD then
 * finds it missing for ever.
 */
const fileSchema = z.strictObject({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal(MODEL_VERSION.kind),
  metadata: z.strictObject({
    name: z.string().max(253).regex(SUBDOMAIN, 'expected lower-case letters, digits, hyphens and dots'),
    labels: z.record(z.string(), z.string()).optional(),
    annotations: z.record(z.string(), z.string()).optional(),
  }),
  spec: modelVersionSpecSchema.extend({ artifact: shape.artifact.strict() }).strict(),
});

/** Annotations by which people act on an object in a cluster. */
const BY_HAND: readonly string[] = [annotations.abort, annotations.retry, annotations.promote];

/** Pure: reads the files of `models/`. What cannot be read is a finding and no version. */
export function readVersionFiles(files: readonly TextFile[]): {
  readonly versions: readonly VersionFile[];
  readonly findings: readonly Finding[];
} {
  const read = files.map(readVersionFile);
  return {
    versions: read.flatMap(({ version }) => (version === undefined ? [] : [version])),
    findings: read.flatMap(({ findings }) => findings),
  };
}

function readVersionFile(file: TextFile): { readonly version?: VersionFile; readonly findings: readonly Finding[] } {
  const refuse = (message: string) => ({
    findings: [
      problem('VERSION_INVALID', file.file, message, 'Write ModelVersions with pawl release and pawl promote.'),
    ],
  });
  const documents = parseAllDocuments(file.text).filter(
    ({ errors, contents }) => errors.length > 0 || contents !== null,
  );
  const broken = documents.flatMap(({ errors }) => errors)[0];
  if (broken !== undefined) return refuse(`is not YAML: ${broken.message.split('\n')[0] ?? ''}.`);
  if (documents.length !== 1) return refuse(`holds ${documents.length} objects; expected one ModelVersion.`);
  const object: unknown = documents[0]?.toJS({ maxAliasCount: 100 });
  const strayed = straysFrom(file.file, object);
  if (strayed.length > 0) return { findings: strayed };
  const parsed = fileSchema.safeParse(object);
  if (!parsed.success) return refuse(`is no valid ModelVersion: ${issuesOf(parsed.error)}`);
  return {
    version: { ...file, spec: parsed.data.spec, object: object as ParsedObject },
    findings: adviceOn(file.file, parsed.data),
  };
}

/** Objects that Argo CD's project of versions refuses: of another kind, or with a namespace of their own. */
function straysFrom(file: string, object: unknown): readonly Finding[] {
  const { apiVersion, kind, metadata } = (object ?? {}) as Partial<ParsedObject>;
  if (typeof kind !== 'string' || typeof apiVersion !== 'string' || typeof metadata?.name !== 'string') return [];
  const objects = [object as ParsedObject];
  const found = checkScope({ part: 'versions', file, namespace: undefined, allowed: undefined, objects });
  return found.length > 0 || metadata.namespace === undefined
    ? found
    : [
        problem(
          'NAMESPACE_FOREIGN',
          file,
          `says the namespace ${metadata.namespace}; expected none: Argo CD applies it to that of its environment.`,
          'Take metadata.namespace away.',
        ),
      ];
}

function adviceOn(file: string, { metadata, spec }: z.infer<typeof fileSchema>): readonly Finding[] {
  const hands = BY_HAND.filter((annotation) => metadata.annotations?.[annotation] !== undefined);
  const loose = spec.artifact.uri.startsWith('oci://') && !spec.artifact.uri.includes('@sha256:');
  return [
    ...(loose
      ? [
          notice(
            'VERSION_NOT_PINNED',
            file,
            `${maskUri(spec.artifact.uri)} is a tag: should it move, the digest refuses what it then names, and new pods find nothing.`,
            'pawl release writes addresses with the digest of the image.',
          ),
        ]
      : []),
    ...hands.map((annotation) =>
      problem(
        'VERSION_INVALID',
        file,
        `has the annotation ${annotation}, by which people act on an object in a cluster.`,
        'Take it out of Git: it would act again wherever the object is made again.',
      ),
    ),
  ];
}

/**
 * Pure: whether the versions of one environment go together: file names that Argo CD finds, names and numbers that are there
 * once, models that the environment has.
 */
export function checkVersions(versions: readonly VersionFile[], models: readonly string[]): readonly Finding[] {
  return versions.flatMap((version, index) => {
    const { name, file, spec, object } = version;
    const wanted = `${spec.model}-${spec.version}.yaml`;
    const earlier = versions.slice(0, index);
    const sameName = earlier.find((other) => other.object.metadata.name === object.metadata.name);
    const sameNumber = earlier.find((other) => isSameVersion(other.spec, spec));
    return [
      ...(name === wanted
        ? []
        : [
            problem(
              'VERSION_MISNAMED',
              file,
              `holds ${spec.model} ${spec.version}; expected the file name ${wanted}.`,
              `git mv ${file} ${file.slice(0, file.length - name.length)}${wanted}`,
            ),
          ]),
      ...(sameName === undefined
        ? []
        : [
            problem(
              'VERSION_DUPLICATE',
              file,
              `has the name ${object.metadata.name} of ${sameName.file}.`,
              'Give each object a name of its own; pawl release does.',
            ),
          ]),
      ...(sameNumber === undefined || sameNumber === sameName
        ? []
        : [
            problem(
              'VERSION_DUPLICATE',
              file,
              `is ${spec.model} ${spec.version}, as ${sameNumber.file} is.`,
              'Keep one of them.',
            ),
          ]),
      ...(models.includes(spec.model)
        ? []
        : [
            problem(
              'VERSION_ORPHANED',
              file,
              `is of the model ${spec.model}, which this environment has no folder of; nothing would apply it.`,
              `Add the folder ${spec.model} with its values.yaml, or remove the file.`,
            ),
          ]),
    ];
  });
}

/** Pure: whether two specs are of one version of one model; what follows a plus tells builds apart. */
export const isSameVersion = (a: ModelVersionSpec, b: ModelVersionSpec): boolean =>
  a.model === b.model && compareBuild(a.version, b.version) === 0;

/** Pure: the highest version of a model; undefined where there is none. */
export const highestOf = (versions: readonly VersionFile[], model: string): VersionFile | undefined =>
  versions.filter(({ spec }) => spec.model === model).sort((a, b) => compareBuild(b.spec.version, a.spec.version))[0];
