import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { aFolder, cleanFolders, rejection, someDraft, someSources } from '@pawl/test-kit/bundles';
import { anInputSpec } from '@pawl/test-kit/input-spec';
import { someOnnx, withExternalTensor } from '@pawl/test-kit/onnx-bytes';
import { canonicalJson } from './canonical-json.ts';
import { graphsOf, MANIFEST_FILE, type FirstStageSpec, type Manifest, type ManifestDraft } from './manifest.ts';
import { openBundle, type Bundle } from './open-bundle.ts';
import { writeBundle } from './write-bundle.ts';

const firstStage: FirstStageSpec = { model: 'first.onnx', input: anInputSpec(), output: 'small', sure: 3 };
const known = { output: 'known', threshold: -2 };

/** A bundle of two graphs. */
async function aBundleOfTwo(draft: Partial<ManifestDraft> = {}, graph: Uint8Array = someOnnx): Promise<Bundle> {
  const sources = [...someSources(), { path: 'first.onnx', source: graph }];
  return await writeBundle(join(await aFolder(), 'bundle'), someDraft({ firstStage, ...draft }), sources);
}

afterEach(cleanFolders);

describe('a bundle of two graphs', () => {
  it('names them in the order in which a picture meets them', async () => {
    const { directory } = await aBundleOfTwo();
    const { manifest } = await openBundle(directory);
    expect(manifest.firstStage).toEqual(firstStage);
    expect(graphsOf(manifest)).toEqual(['first.onnx', 'model.onnx']);
    expect(graphsOf({ model: 'model.onnx' })).toEqual(['model.onnx']);
  });

  it('refuses a first graph that keeps weights in a file that no digest covers', async () => {
    const { directory } = await aBundleOfTwo({}, withExternalTensor(someOnnx, 'hidden.bin'));
    expect(await rejection(openBundle(directory))).toMatchObject({
      code: 'MODEL_EXTERNAL_DATA',
      message: 'first.onnx keeps weights in another file, which no digest covers; expected a graph in one file.',
    });
  });

  it('refuses a first graph of other bytes, at once or where it is read', async () => {
    const { directory } = await aBundleOfTwo();
    const path = join(directory, 'first.onnx');
    const bytes = await readFile(path);
    bytes[bytes.length - 1]! ^= 1;
    await writeFile(path, bytes);
    expect(await rejection(openBundle(directory))).toMatchObject({ code: 'BUNDLE_DIGEST_MISMATCH' });
    const bundle = await openBundle(directory, { verifyModelWhenRead: true });
    expect(await rejection(bundle.readShared('first.onnx'))).toMatchObject({ code: 'BUNDLE_DIGEST_MISMATCH' });
  });

  it.each<[string, RegExp, (manifest: Manifest) => unknown]>([
    ['a graph that is not listed', /firstStage\.model: is not among files/, (m) => withFirst(m, { model: 'x.onnx' })],
    ['the model itself', /firstStage\.model: is the model itself/, (m) => withFirst(m, { model: m.model })],
    ['a negative margin', /firstStage\.sure: Too small/, (m) => withFirst(m, { sure: -1 })],
    ['no margin', /firstStage\.sure: Invalid input/, (m) => withFirst(m, { sure: undefined })],
    ['labels of its own', /firstStage: Unrecognized key: "labels"/, (m) => withFirst(m, { labels: m.labels })],
    [
      'what it knows by the output that names the label',
      /firstStage\.known\.output: is the output that names the label/,
      (m) => withFirst(m, { known: { output: 'small', threshold: 0 } }),
    ],
    [
      'a model of probabilities, which have no margin of logits',
      /firstStage: is sure by a margin of logits/,
      (m) => ({ ...m, output: { kind: 'probabilities', name: 'p' } }),
    ],
    [
      'a model that abstains by an output, which it would keep from being asked',
      /firstStage\.known: is missing/,
      (m) => ({ ...m, abstain: known }),
    ],
    [
      'a model that abstains by its energy, whose scale is its own',
      /firstStage: has an energy of another scale/,
      (m) => ({
        ...m,
        output: { kind: 'softmax-logits', name: 'logits' },
        abstain: { score: 'energy', threshold: 1 },
      }),
    ],
  ])('refuses a first stage with %s, naming the field', async (_, message, change) => {
    const { directory, manifest } = await aBundleOfTwo();
    await writeFile(join(directory, MANIFEST_FILE), canonicalJson(change(manifest)));
    expect(await rejection(openBundle(directory))).toMatchObject({
      code: 'BUNDLE_MANIFEST_INVALID',
      message: expect.stringMatching(message) as string,
    });
  });

  it('may abstain by an output where the first stage passes on what it does not know', async () => {
    const { manifest } = await aBundleOfTwo({ abstain: known, firstStage: { ...firstStage, known } });
    expect(manifest.firstStage?.known).toEqual(known);
  });
});

const withFirst = (manifest: Manifest, changes: object) => ({
  ...manifest,
  firstStage: { ...manifest.firstStage, ...changes },
});
