import { createHash } from 'node:crypto';
import { canonicalJson } from '../canonical-json.ts';
import { MANIFEST_FILE, type InputSpec, type Manifest, type OutputSpec } from '../manifest.ts';
import { PawlError } from '../../errors/pawl-error.ts';
import type { SignedModel } from './model-signing.ts';
import { parseJson } from '../parse-json.ts';

/** Media type of a CycloneDX bill of materials in JSON, and of what carries it in a registry. */
export const ML_BOM_TYPE = 'application/vnd.cyclonedx+json';

/** Largest one that is read, bytes: some hundred for each of at most 1,000 files, and what a manifest may say. */
export const MAX_ML_BOM_BYTES = 4 * 1024 * 1024;

/**
 * Pure: the bill of materials of a bundle: CycloneDX 1.6, an ML-BOM. Everything in it is in the manifest, and nothing else: no time, no
 * tool, and a serial number that comes of the digest, so that the same bundle always has the same one and anybody can check it.
 *
 * @returns canonical JSON.
 */
export function mlBomOf(model: SignedModel): string {
  const { manifest, digest } = model;
  const ref = `${manifest.name}@${manifest.version}`;
  const files = [...manifest.files, { path: MANIFEST_FILE, sha256: digest }].map(({ path, sha256 }) => ({
    type: 'file',
    'bom-ref': `file:${path}`,
    name: path,
    hashes: [{ alg: 'SHA-256', content: sha256.slice('sha256:'.length) }],
  }));
  const licence = manifest.lineage['license'] ?? manifest.lineage['licence'];
  return canonicalJson({
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: serialNumberOf(digest),
    version: 1,
    metadata: {
      component: {
        type: 'machine-learning-model',
        'bom-ref': ref,
        name: manifest.name,
        version: manifest.version,
        description: manifest.description,
        // Free text: what a training says of its weights is seldom an identifier of SPDX.
        licenses: licence === undefined ? undefined : [{ license: { name: licence } }],
        modelCard: modelCardOf(manifest),
        properties: propertiesOf(manifest, digest),
      },
    },
    components: files,
    dependencies: [{ ref, dependsOn: files.map((file) => file['bom-ref']) }],
  });
}

function modelCardOf(manifest: Manifest) {
  const { input, firstStage, output, labels, metrics, lineage } = manifest;
  const inputs = [input, ...(firstStage === undefined ? [] : [firstStage.input])];
  return {
    modelParameters: {
      task: 'image-classification',
      datasets: datasetsOf(manifest),
      inputs: inputs.map((spec) => ({ format: formatOfInput(spec) })),
      outputs: [{ format: formatOfOutput(output, labels) }],
    },
    quantitativeAnalysis: {
      performanceMetrics: Object.entries(metrics).map(([type, value]) => ({
        type,
        value: String(value),
        slice: lineage[`metrics.${type}`] ?? lineage['metrics'],
      })),
    },
  };
}

/** What the manifest knows of data, by hash or by a file of the bundle. */
function datasetsOf({ lineage, golden, reference }: Manifest) {
  const known = (name: string, key: string) => {
    const value = lineage[key];
    return value === undefined
      ? []
      : [{ type: 'dataset', name, contents: { properties: [{ name: `pawl:lineage:${key}`, value }] } }];
  };
  return [
    ...known('training data', 'data_hash'),
    ...known('test pictures', 'measured_on'),
    ...(reference === undefined ? [] : [{ type: 'dataset', name: reference, description: lineage['reference'] }]),
    { type: 'dataset', name: 'golden images', description: golden.images.map(({ file }) => file).join(', ') },
  ];
}

function propertiesOf({ labels, lineage, golden }: Manifest, digest: string) {
  const property = (name: string, value: string) => ({ name: `pawl:${name}`, value });
  return [
    property('bundle:digest', digest),
    property('labels', labels.join(', ')),
    property('golden:tolerance', String(golden.tolerance)),
    ...Object.entries(lineage).map(([key, value]) => property(`lineage:${key}`, value)),
  ];
}

const formatOfInput = ({ name, dtype, layout, width, height }: InputSpec): string =>
  `${name}: ${dtype} ${layout}, ${width} x ${height}`;

const formatOfOutput = (output: OutputSpec, labels: readonly string[]): string =>
  `${output.name}: ${output.kind} of ${labels.length} labels`;

/** A UUID of version 8 (RFC 9562), whose bits an application chooses: here the sha256 of what it is and of the digest. */
function serialNumberOf(digest: string): string {
  const bytes = createHash('sha256').update(`pawl ml-bom ${digest}`).digest().subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const text = bytes.toString('hex');
  const part = (from: number, to: number) => text.slice(from, to);
  return `urn:uuid:${part(0, 8)}-${part(8, 12)}-${part(12, 16)}-${part(16, 20)}-${part(20, 32)}`;
}

/**
 * Pure: checks every line of a bill of materials against the bundle that it is said to be of.
 *
 * @throws PawlError BUNDLE_READER_INVALID, which names the first line that differs.
 */
export function verifyMlBom(text: string, model: SignedModel): void {
  const expected: unknown = JSON.parse(mlBomOf(model));
  const difference = differenceOf(expected, parseJson(text), '');
  if (difference !== undefined)
    throw new PawlError('BUNDLE_READER_INVALID', { message: `the ML-BOM is not of this bundle: ${difference}` });
}

/** The first place where two documents differ; the order of keys does not count. */
function differenceOf(expected: unknown, found: unknown, path: string): string | undefined {
  if (isObject(expected) && isObject(found) && Array.isArray(expected) === Array.isArray(found)) {
    for (const key of new Set([...Object.keys(expected), ...Object.keys(found)])) {
      const own = (of: Record<string, unknown>) => (Object.hasOwn(of, key) ? of[key] : undefined);
      const difference = differenceOf(own(expected), own(found), path === '' ? key : `${path}.${key}`);
      if (difference !== undefined) return difference;
    }
    return undefined;
  }
  if (Object.is(expected, found)) return undefined;
  return `${path === '' ? 'the document' : path} is ${show(found)}; the bundle has ${show(expected)}`;
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

const show = (value: unknown): string =>
  value === undefined ? 'not there' : isObject(value) ? 'an object' : JSON.stringify(value).slice(0, 200);
