import { createHash } from 'node:crypto';
import { parseAllDocuments, stringify } from 'yaml';
import { bytes } from '../../../terminal/text.ts';

/** A Kubernetes object as a file or a program wrote it; nothing of it is verified but that it has a kind and a name. */
export interface ParsedObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly data?: Readonly<Record<string, string>>;
  readonly stringData?: Readonly<Record<string, string>>;
  readonly binaryData?: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}

/** Pure: `Kind/name`, by which people find an object. */
export const objectTitle = ({ kind, metadata }: ParsedObject): string => `${kind}/${metadata.name}`;

/** Pure: the group of an API version; empty for the core group. */
export const groupOf = (apiVersion: string): string =>
  apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';

/** Pure: what makes an object the same one in two renderings: group, kind, namespace and name, not the version of its API. */
export function identityOf({ apiVersion, kind, metadata }: ParsedObject): string {
  return [groupOf(apiVersion), kind, metadata.namespace ?? '', metadata.name].join('/');
}

/**
 * Pure: the objects of a stream of YAML documents; lists are opened.
 *
 * @throws Error of one line for what is not YAML or no object.
 */
export function parseObjects(text: string): readonly ParsedObject[] {
  return parseAllDocuments(text).flatMap((document) => {
    const [broken] = document.errors;
    if (broken !== undefined) throw new Error(`not YAML: ${broken.message.split('\n')[0] ?? ''}`);
    return open(document.toJS({ maxAliasCount: 100 }));
  });
}

function open(value: unknown): readonly ParsedObject[] {
  if (value === null || value === undefined) return [];
  const { kind, apiVersion, metadata, items } = value as Partial<ParsedObject> & { readonly items?: unknown };
  if (kind?.endsWith('List') === true && Array.isArray(items)) return items.flatMap(open);
  if (typeof kind !== 'string' || typeof apiVersion !== 'string' || typeof metadata?.name !== 'string')
    throw new Error('a document that is no Kubernetes object (apiVersion, kind and metadata.name)');
  return [value as ParsedObject];
}

/**
 * Pure: an object as YAML that may be shown to everybody, its keys sorted. Binary data are their digest and size; of the
 * data of a Secret only the names of the keys are there, and, compared with another version of it, whether a value changed.
 */
export function showObject(object: ParsedObject, other?: ParsedObject): readonly string[] {
  const shown =
    object.kind === 'Secret'
      ? { ...object, ...hidden('data', object, other), ...hidden('stringData', object, other) }
      : object.binaryData === undefined
        ? object
        : { ...object, binaryData: mapValues(object.binaryData, describeBinary) };
  return stringify(sorted(shown), { lineWidth: 0, aliasDuplicateObjects: false }).trimEnd().split('\n');
}

function hidden(field: 'data' | 'stringData', object: ParsedObject, other: ParsedObject | undefined) {
  const values = object[field];
  if (typeof values !== 'object') return {};
  return {
    [field]: Object.fromEntries(
      Object.entries(values).map(([key, value]) => {
        const before = other?.[field]?.[key];
        return [key, before === undefined || before === value ? '(not shown)' : '(not shown, changed)'];
      }),
    ),
  };
}

function describeBinary(base64: unknown): string {
  const content = Buffer.from(String(base64), 'base64');
  return `sha256:${createHash('sha256').update(content).digest('hex')} (${bytes(content.length)})`;
}

const mapValues = <Value>(record: Readonly<Record<string, Value>>, map: (value: Value) => unknown) =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));

/** Fields that come first, as people write them. */
const FIRST = ['apiVersion', 'kind', 'metadata'];
const rank = (key: string): number => (FIRST.includes(key) ? FIRST.indexOf(key) : FIRST.length);

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : 1))
      .map(([key, child]) => [key, sorted(child)]),
  );
}
