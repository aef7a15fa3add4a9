import { GROUP, MODEL_VERSION } from '@pawl/shared/modelversion/names';
import { problem, type Finding } from './findings.ts';
import { groupOf, objectTitle, type ParsedObject } from './kube-object.ts';

/** What an environment is made of: an Application of Argo CD for each, with a project that allows its kinds and no others. */
export const PARTS = ['services', 'versions', 'images'] as const;
export type Part = (typeof PARTS)[number];

/** A kind as Argo CD's projects name it. */
export interface GroupKind {
  readonly group: string;
  readonly kind: string;
}

/** Pure: `group/Kind`, by which kinds are compared; `/ConfigMap` for one of the core group. */
export const kindKey = ({ group, kind }: GroupKind): string => `${group}/${kind}`;

/** The kinds of the parts whose objects people write; what a service has is the chart's. */
export const OWN_KINDS: Readonly<Record<Exclude<Part, 'services'>, GroupKind>> = {
  versions: { group: GROUP, kind: MODEL_VERSION.kind },
  images: { group: '', kind: 'ConfigMap' },
};

/** Objects of one part, and where they may be. */
export interface Scope {
  readonly part: Part;
  /** What people change, as they type it. */
  readonly file: string;
  /** Of the environment; undefined where its declaration is not valid, which is an error already. */
  readonly namespace: string | undefined;
  /** Keys of the kinds that Argo CD's project allows; undefined: it is not known. */
  readonly allowed: ReadonlySet<string> | undefined;
  readonly objects: readonly ParsedObject[];
}

/** Pure: objects of kinds that the part does not have, and objects that say a namespace of somebody else's. */
export function checkScope({ part, file, namespace, allowed, objects }: Scope): readonly Finding[] {
  return objects.flatMap((object) => {
    const own = object.metadata.namespace;
    return [
      ...(isOfPart(part, allowed, object) ? [] : [kindForeign(part, file, object)]),
      ...(own === undefined || namespace === undefined || own === namespace
        ? []
        : [
            problem(
              'NAMESPACE_FOREIGN',
              file,
              `${objectTitle(object)} is of the namespace ${own}; expected ${namespace}, the environment's own.`,
              'Take metadata.namespace away: Argo CD puts objects into the namespace of the environment.',
            ),
          ]),
    ];
  });
}

function isOfPart(part: Part, allowed: ReadonlySet<string> | undefined, object: ParsedObject): boolean {
  const key = kindKey({ group: groupOf(object.apiVersion), kind: object.kind });
  return part === 'services' ? (allowed?.has(key) ?? true) : key === kindKey(OWN_KINDS[part]);
}

function kindForeign(part: Part, file: string, object: ParsedObject): Finding {
  const said = objectTitle(object);
  return part === 'services'
    ? problem(
        'KIND_FOREIGN',
        file,
        `${said} is of a kind that the project of the services does not allow; Argo CD would apply nothing of the service.`,
        'Leave the value away that brings it, or add the kind to k8s/argocd/projects/base/services.yaml.',
      )
    : problem(
        'KIND_FOREIGN',
        file,
        `${said} is a ${object.kind}; expected only ${OWN_KINDS[part].kind}s there, and Argo CD refuses others.`,
        part === 'images'
          ? 'Keep only the generators of the acceptance images in the kustomization.'
          : 'Take it away, or put it into the chart.',
      );
}
