import { readFile } from 'node:fs/promises';
import { Spec, Validation } from '@cyclonedx/cyclonedx-library';
import { anError } from '@pawl/test-kit/bundles';
import { inRepository } from '@pawl/test-kit/repository';
import { digestOfBytes, digestOfFile } from '../digest.ts';
import type { Manifest } from '../manifest.ts';
import { parseManifest } from '../verify-manifest.ts';
import { mlBomOf, verifyMlBom } from './ml-bom.ts';
import type { SignedModel } from './model-signing.ts';

interface Hashed {
  readonly name: string;
  readonly hashes: readonly { readonly alg: string; readonly content: string }[];
}

interface Bom {
  readonly serialNumber: string;
  readonly metadata: {
    readonly component: {
      readonly type: string;
      readonly name: string;
      readonly version: string;
      readonly licenses?: unknown;
      readonly modelCard: {
        readonly modelParameters: Record<string, unknown>;
        readonly quantitativeAnalysis: {
          readonly performanceMetrics: readonly {
            readonly type: string;
            readonly value: string;
            readonly slice?: string;
          }[];
        };
      };
      readonly properties: readonly { readonly name: string; readonly value: string }[];
    };
  };
  readonly components: readonly Hashed[];
}

const shipped = inRepository('models/catdog');
let model: SignedModel;
let manifest: Manifest;
let text: string;
let bom: Bom;
beforeAll(async () => {
  const bytes = await readFile(`${shipped}/manifest.json`);
  manifest = parseManifest(bytes);
  model = { manifest, digest: digestOfBytes(bytes) };
  text = mlBomOf(model);
  bom = JSON.parse(text) as Bom;
});

describe('the bill of materials of the shipped bundle', () => {
  it('is one by the schema of CycloneDX 1.6', async () => {
    const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot6);
    expect(await validator.validate(text)).toBeNull();
    // The validator finds what is wrong, or its silence would mean nothing.
    expect(await validator.validate(text.replace('"modelCard"', '"modelCart"'))).not.toBeNull();
  });

  it('lists every file with the sha256 of its bytes, and nothing else', async () => {
    const paths = [...manifest.files.map(({ path }) => path), 'manifest.json'];
    expect(bom.components.map(({ name }) => name)).toEqual(paths);
    for (const { name, hashes } of bom.components) {
      const { digest } = await digestOfFile(`${shipped}/${name}`);
      expect(hashes).toEqual([{ alg: 'SHA-256', content: digest.slice('sha256:'.length) }]);
    }
  });

  it('says of the model what the manifest says', () => {
    const { type, name, version, modelCard, properties } = bom.metadata.component;
    expect([type, name, version]).toEqual(['machine-learning-model', manifest.name, manifest.version]);
    const { performanceMetrics } = modelCard.quantitativeAnalysis;
    expect(Object.fromEntries(performanceMetrics.map(({ type: of, value }) => [of, Number(value)]))).toEqual(
      manifest.metrics,
    );
    for (const { type: of, slice } of performanceMetrics) expect(slice).toBe(manifest.lineage[`metrics.${of}`]);
    expect(modelCard.modelParameters).toMatchObject({
      inputs: [{ format: 'image: uint8 NHWC, 260 x 260' }],
      outputs: [{ format: 'logit: binary-logit of 2 labels' }],
    });
    const said = new Map(properties.map(({ name: of, value }) => [of, value]));
    expect(said.get('pawl:bundle:digest')).toBe(model.digest);
    expect(said.get('pawl:labels')).toBe('cat, dog');
    for (const [key, value] of Object.entries(manifest.lineage)) expect(said.get(`pawl:lineage:${key}`)).toBe(value);
  });

  it('is the same for the same bundle, and has another serial number for another one', () => {
    expect(mlBomOf(model)).toBe(text);
    expect(bom.serialNumber).toMatch(/^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    const other = JSON.parse(mlBomOf({ ...model, digest: digestOfBytes(Buffer.of(1)) })) as Bom;
    expect(other.serialNumber).not.toBe(bom.serialNumber);
  });

  it('carries the licence that the lineage names', () => {
    expect(bom.metadata.component.licenses).toBeUndefined();
    const licensed = { ...manifest, lineage: { ...manifest.lineage, licence: 'CC0 1.0' } };
    const { metadata } = JSON.parse(mlBomOf({ ...model, manifest: licensed })) as Bom;
    expect(metadata.component.licenses).toEqual([{ license: { name: 'CC0 1.0' } }]);
  });

  it('is right, in any order of its keys', () => {
    verifyMlBom(text, model);
    verifyMlBom(JSON.stringify(Object.fromEntries(Object.entries(bom).reverse())), model);
  });

  it('is found to be forged whatever one line of it is changed to', () => {
    const leaves = [...leavesOf(bom, [])];
    expect(leaves.length).toBeGreaterThan(100);
    for (const path of leaves) {
      const forged = changedAt(bom, path);
      expect(() => {
        verifyMlBom(JSON.stringify(forged), model);
      }).toThrow(anError({ code: 'BUNDLE_READER_INVALID', message: expect.stringContaining(path.join('.')) }));
    }
  });

  it.each([
    ['no JSON', () => '{'],
    ['a line more', () => JSON.stringify({ ...bom, compositions: [] })],
    ['a file less', () => JSON.stringify({ ...bom, components: bom.components.slice(1) })],
    ['a field of a prototype', () => text.replace('{', '{"__proto__":{"x":1},')],
  ])('is refused with %s', (_, forge) => {
    expect(() => {
      verifyMlBom(forge(), model);
    }).toThrow(anError({ code: 'BUNDLE_READER_INVALID' }));
  });
});

/** Where a document has a value that is no object. */
function* leavesOf(value: unknown, path: readonly string[]): Generator<readonly string[]> {
  if (typeof value !== 'object' || value === null) yield path;
  else for (const [key, inner] of Object.entries(value)) yield* leavesOf(inner, [...path, key]);
}

/** A copy of a document with another value at a path. */
function changedAt(document: unknown, path: readonly string[]): unknown {
  const copy = structuredClone(document);
  let at = copy as Record<string, unknown>;
  for (const key of path.slice(0, -1)) at = at[key] as Record<string, unknown>;
  at[path.at(-1) ?? ''] = 'forged';
  return copy;
}
