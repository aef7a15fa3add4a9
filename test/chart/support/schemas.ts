/* eslint-disable @typescript-eslint/no-unsafe-argument --
   Rendered objects are of many kinds; a field that is not there shows as a failed expectation. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KubeObject } from './helm.ts';

/**
 * Writes the API server's own OpenAPI document as the schema files that kubeconform reads
 * (`<kind>-<group>-<version>.json`), unknown fields refused: what it validates by is then the cluster's version, and nothing
 * has to be downloaded.
 */
export function writeSchemas(folder: string, openapi: KubeObject): void {
  mkdirSync(folder, { recursive: true });
  const definitions = Object.fromEntries(
    Object.entries<KubeObject>(openapi.definitions).map(([name, definition]) => [name, strict(name, definition)]),
  );
  for (const [name, definition] of Object.entries<KubeObject>(openapi.definitions))
    for (const { group, version, kind } of definition['x-kubernetes-group-version-kind'] ?? []) {
      const parts = [kind, (group as string).split('.')[0], version].filter((part) => part !== '');
      const schema = { $ref: `#/definitions/${name}`, definitions: reachable(name, definitions) };
      writeFileSync(join(folder, `${parts.join('-').toLowerCase()}.json`), JSON.stringify(schema));
    }
}

function strict(name: string, definition: KubeObject): KubeObject {
  if (name.endsWith('.IntOrString')) return { type: ['string', 'integer'] };
  const { properties, ...rest } = definition;
  return properties === undefined ||
    rest.additionalProperties !== undefined ||
    rest['x-kubernetes-preserve-unknown-fields']
    ? definition
    : { ...rest, properties, additionalProperties: false };
}

function reachable(from: string, definitions: KubeObject, found: KubeObject = {}): KubeObject {
  if (found[from] !== undefined) return found;
  found[from] = definitions[from];
  for (const [, name] of JSON.stringify(definitions[from]).matchAll(/#\/definitions\/([^"]+)/g))
    reachable(name as string, definitions, found);
  return found;
}
