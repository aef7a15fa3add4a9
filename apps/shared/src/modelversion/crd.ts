import { z } from 'zod';
import { API_VERSION, GROUP, MODEL_VERSION, VERSION } from './names.ts';
import { modelVersionSpecSchema, modelVersionStatusSchema } from './model-version.ts';

type Json = { [key: string]: unknown };

/**
 * The CustomResourceDefinition of ModelVersion, made from the same schemas as its TypeScript types. The chart ships what
 * `npm run generate` writes of it.
 */
export function modelVersionCrd(): Json {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${MODEL_VERSION.plural}.${GROUP}` },
    spec: {
      group: GROUP,
      scope: 'Namespaced',
      names: {
        kind: MODEL_VERSION.kind,
        listKind: 'ModelVersionList',
        plural: MODEL_VERSION.plural,
        singular: 'modelversion',
        shortNames: ['mv'],
        categories: ['pawl'],
      },
      versions: [
        {
          name: VERSION,
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: [
            { name: 'Model', type: 'string', jsonPath: '.spec.model' },
            { name: 'Version', type: 'string', jsonPath: '.spec.version' },
            { name: 'Phase', type: 'string', jsonPath: '.status.phase' },
            { name: 'Weight', type: 'integer', jsonPath: '.status.weight' },
            { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
            { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
            { name: 'Message', type: 'string', jsonPath: '.status.message', priority: 1 },
            { name: 'Digest', type: 'string', jsonPath: '.spec.artifact.digest', priority: 1 },
          ],
          schema: {
            openAPIV3Schema: {
              type: 'object',
              description: `One artifact (weights, packaged) offered to one environment. See ${API_VERSION} in docs/model-version.md.`,
              required: ['spec'],
              // Objects that were made before this rule have a status by now, and their statuses must be written.
              'x-kubernetes-validations': [
                {
                  rule: 'size(self.metadata.name) <= 63 || has(self.status)',
                  message: 'metadata.name has at most 63 characters: it is a label of the canary pods',
                },
              ],
              properties: {
                apiVersion: { type: 'string', description: 'Version of this schema.' },
                kind: { type: 'string', description: 'ModelVersion.' },
                metadata: { type: 'object' },
                spec: structural(modelVersionSpecSchema),
                status: structural(modelVersionStatusSchema),
              },
            },
          },
        },
      ],
    },
  };
}

/**
 * A zod schema as a structural schema: JSON Schema without the keywords that the API server refuses
 * (https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema).
 */
function structural(schema: z.ZodType): Json {
  return clean(z.toJSONSchema(schema, { target: 'openapi-3.0', io: 'input' }));
}

const refused = ['$schema', 'propertyNames', 'additionalProperties', 'properties', 'items'];

function clean(node: unknown): Json {
  const { additionalProperties, properties, items } = node as Json;
  const kept = Object.fromEntries(Object.entries(node as Json).filter(([keyword]) => !refused.includes(keyword)));
  const children = Object.entries((properties ?? {}) as Json).map(([key, value]) => [key, clean(value)]);
  return {
    ...kept,
    ...(typeof additionalProperties === 'object' && { additionalProperties: clean(additionalProperties) }),
    ...(children.length > 0 && { properties: Object.fromEntries(children) as Json }),
    ...(items !== undefined && { items: clean(items) }),
  };
}
