import { createHash, generateKeyPairSync } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Manifest, ManifestDraft } from '@pawl/shared/bundle/manifest';
import { publishBundle } from '@pawl/shared/bundle/publish-bundle';
import { writeBundle } from '@pawl/shared/bundle/write-bundle';
import { answersOf, type ModelSpec } from './model-answers.ts';
import { devourMemory, shiftBias, slowDown } from './onnx-edit.ts';
import { repositoryFile, settings } from './settings.ts';

/**
 * What weights can be. All but `neverReady` and `crashing` agree with their own golden images, so that nothing about the
 * bundle itself is wrong.
 */
const kinds = {
  good: 'ResNet-18, the version before the shipped one',
  better: 'EfficientNet-Lite2 as shipped, which also knows a picture of neither',
  swapped: 'ResNet-18 whose manifest has the two labels the wrong way round',
  subtle: 'ResNet-18 that takes unsure photographs for dogs',
  slow: 'ResNet-18 with twenty times the work',
  neverReady: 'ResNet-18 that does not answer its golden images as the manifest says',
  crashing: 'ResNet-18 that needs more memory than a pod has',
} as const;
export type Kind = keyof typeof kinds;

/** A bundle in the registry, as `spec.artifact` and `spec.version` take it. */
export interface Offer {
  readonly kind: Kind;
  readonly version: string;
  readonly uri: string;
  readonly digest: string;
}

/** How far `subtle` moves the logit: the cat in part of the load (-1.8) becomes a dog, no whole cat (-4 and below) does. */
const BIAS_SHIFT = 2.5;
/** Products of 512 x 512 matrices, 3 ms each on one core of 2024. */
const SLOW_ROUNDS = 110;
/** Several times the memory limit of a pod in these tests. */
const DEVOURED_GIBIBYTES = 4;

const GOLDEN = [
  'cat-gnome-control-center-data-cat.jpg',
  'cat-python3-pyglet-kitten.jpg',
  'dog-libelementary-data-mystrale.jpg',
];
const cache = join(tmpdir(), 'pawl-e2e');

interface Recipe {
  readonly model: Uint8Array;
  readonly spec: ModelSpec;
}

/** Signs `signed` bundles; the public half is what an environment is given. New for every run. */
export const signingKey = (() => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return {
    privatePem: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    publicPem: publicKey.export({ type: 'spki', format: 'pem' }) as string,
  };
})();

/** Makes and publishes a bundle. The same kind and version give the same digest, signed or not. */
export async function publish(
  kind: Kind,
  version: string,
  options: { readonly signed?: boolean } = {},
): Promise<Offer> {
  const recipe = recipeOf(kind);
  const modelPath = stored(`${digestOf(recipe.model)}.onnx`, recipe.model);
  const draft: ManifestDraft = {
    schemaVersion: 1,
    name: 'catdog',
    version,
    description: `For tests: ${kinds[kind]}.`,
    model: 'model.onnx',
    ...recipe.spec,
    golden: { tolerance: 0.1, images: await goldenImages(kind, modelPath, recipe) },
    lineage: { 'git-commit': 'none: made by test/e2e', run: `e2e-${kind}` },
  };
  // A folder of its own: several processes publish at the same time, each with its own key.
  const scratch = mkdtempSync(join(tmpdir(), 'pawl-e2e-bundle-'));
  try {
    const folder = join(scratch, kind);
    const bundle = await writeBundle(
      folder,
      draft,
      [
        { path: 'model.onnx', source: modelPath },
        ...GOLDEN.map((name) => ({ path: `golden/${name}`, source: repositoryFile(`models/catdog/golden/${name}`) })),
      ],
      options.signed === true ? { privateKeyPem: signingKey.privatePem } : {},
    );
    const tag = `${kind.toLowerCase()}-${version.replaceAll('+', '_')}-${bundle.digest.slice(-12)}`;
    const address = `oci://${settings().registry}/pawl-e2e/catdog:${tag}${options.signed === true ? '-signed' : ''}`;
    const { uri } = await publishBundle(folder, address, { insecureRegistry: true });
    return { kind, version, uri, digest: bundle.digest };
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

function recipeOf(kind: Kind): Recipe {
  const resnet18 = () => readFileSync(repositoryFile('models/backbones/resnet18/model.onnx'));
  const spec = specOf('models/backbones/resnet18');
  switch (kind) {
    case 'good':
    case 'neverReady':
      return { model: resnet18(), spec };
    case 'better':
      return { model: readFileSync(repositoryFile('models/catdog/model.onnx')), spec: specOf('models/catdog') };
    case 'swapped':
      return { model: resnet18(), spec: { ...spec, labels: [...spec.labels].reverse() } };
    case 'subtle':
      return { model: shiftBias(resnet18(), BIAS_SHIFT), spec };
    case 'slow':
      return { model: slowDown(resnet18(), SLOW_ROUNDS), spec };
    case 'crashing':
      return { model: devourMemory(resnet18(), DEVOURED_GIBIBYTES), spec };
  }
}

/** What the manifest of a bundle of the repository says of its graph. */
function specOf(bundle: string): ModelSpec {
  const { labels, input, output, abstain } = JSON.parse(
    readFileSync(repositoryFile(`${bundle}/manifest.json`), 'utf8'),
  ) as Manifest;
  return { labels, input, output, abstain };
}

async function goldenImages(kind: Kind, modelPath: string, recipe: Recipe): Promise<ManifestDraft['golden']['images']> {
  // What devours memory is not run here; its parent answers the same.
  if (kind === 'crashing') {
    const parent = recipeOf('good');
    return goldenImages('good', stored(`${digestOf(parent.model)}.onnx`, parent.model), parent);
  }
  const key = digestOf(Buffer.from(JSON.stringify([digestOf(recipe.model), recipe.spec, GOLDEN])));
  const path = join(cache, `${key}.json`);
  if (!existsSync(path)) {
    const images = GOLDEN.map((name) => readFileSync(repositoryFile(`models/catdog/golden/${name}`)));
    const answers = await answersOf(modelPath, recipe.spec, images);
    const golden = answers.map(({ label, probabilities }, i) => ({
      file: `golden/${GOLDEN[i] ?? ''}`,
      label,
      probabilities,
    }));
    stored(`${key}.json`, Buffer.from(JSON.stringify(golden)));
  }
  const golden = JSON.parse(readFileSync(path, 'utf8')) as ManifestDraft['golden']['images'];
  if (kind !== 'neverReady') return golden;
  const other = (label: string) => recipe.spec.labels.find((each) => each !== label) ?? label;
  return golden.map((image) => ({
    ...image,
    label: other(image.label),
    probabilities: Object.fromEntries(Object.entries(image.probabilities).map(([label, p]) => [label, 1 - p])),
  }));
}

const digestOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** Path of these bytes in the cache; the name says what they are. */
function stored(name: string, bytes: Uint8Array): string {
  const path = join(cache, name);
  if (existsSync(path)) return path;
  mkdirSync(cache, { recursive: true });
  // By rename, so that a run that was cut off leaves no half file behind.
  writeFileSync(`${path}.${process.pid}`, bytes);
  renameSync(`${path}.${process.pid}`, path);
  return path;
}
