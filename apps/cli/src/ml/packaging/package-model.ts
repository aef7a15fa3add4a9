import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { ManifestDraft } from '@pawl/shared/bundle/manifest';
import type { Bundle } from '@pawl/shared/bundle/open-bundle';
import { maskUris } from '@pawl/shared/errors/mask-uri';
import { writeBundle } from '@pawl/shared/bundle/write-bundle';
import type { Context } from '../../terminal/context.ts';
import { CliError } from '../../errors/cli-error.ts';
import { describeGraph, type GraphDescription } from '../../bundles/onnx/describe-graph.ts';
import { inferInput, type InputWishes } from '../../bundles/onnx/infer-input.ts';
import { inferOutput, type OutputWishes } from '../../bundles/onnx/infer-output.ts';
import { readGraph } from '../../bundles/onnx/read-graph.ts';
import { readKey } from '../../bundles/read-bundle.ts';
import { askGolden, readGoldenFolder, type GoldenImages } from '../training/run/golden.ts';
import { withLocalModel } from '../../bundles/local-model.ts';
import { PAWL_VERSION } from '../../terminal/version.ts';

/** A classifier that was trained elsewhere, and what its graph does not say. Paths are absolute. */
export interface PackageOptions {
  readonly model: string;
  readonly name: string;
  readonly version: string;
  /** In the order of the output. */
  readonly labels: readonly string[];
  readonly description?: string | undefined;
  readonly input: InputWishes;
  readonly output: OutputWishes;
  /** Folder of labelled photographs, `label/file`. */
  readonly golden: string;
  /** Largest difference of a golden probability on another machine. */
  readonly tolerance: number;
  readonly lineage: Readonly<Record<string, string>>;
  readonly out: string;
  /** Path of a private key, as typed. */
  readonly key?: string | undefined;
}

/** A packaged model, and what was read from its graph. */
export interface PackagedModel {
  readonly bundle: Bundle;
  readonly graph: GraphDescription;
  /** One sentence each: what the graph does not say and nobody said, for people to check. */
  readonly assumptions: readonly string[];
  readonly golden: GoldenImages;
  readonly signed: boolean;
}

/**
 * Makes a bundle of any ONNX image classifier. Its golden images get the probabilities that the session that serves gives
 * them, so the service will check that it answers as it did here.
 *
 * @throws CliError FILE_NOT_FOUND, GRAPH_*, DATA_*, GATE_FAILED when no golden image is answered rightly and surely; PawlError
 *   BUNDLE_MANIFEST_INVALID naming a wrong field.
 */
export async function packageModel(context: Context, options: PackageOptions): Promise<PackagedModel> {
  const { labels } = options;
  const file = basename(options.model);
  const bytes = await readFile(options.model).catch((cause: unknown) => {
    throw new CliError('FILE_NOT_FOUND', `${options.model} cannot be read.`, 'Give the path of an ONNX file.', cause);
  });
  const model = readGraph(bytes, file);
  const { input, assumptions: ofInput } = inferInput(model, file, options.input);
  const { output, assumptions: ofOutput } = inferOutput(model, file, labels, options.output);
  const privateKeyPem = options.key === undefined ? undefined : await readKey(context, options.key, 'private');
  const candidates = await readGoldenFolder(options.golden, labels);
  const spec = { labels: [...labels], input, output };
  const golden = await withLocalModel({ bytes, spec, name: file }, context.signal, (served) =>
    askGolden(served, { spec, tolerance: options.tolerance }, candidates),
  );
  const graph = describeGraph(model);
  const draft: ManifestDraft = {
    ...spec,
    schemaVersion: 1,
    name: options.name,
    version: options.version,
    ...(options.description !== undefined && { description: options.description }),
    model: 'model.onnx',
    golden: { tolerance: options.tolerance, images: [...golden.images] },
    lineage: {
      pawl_version: PAWL_VERSION,
      ...(graph.producer !== '' && { producer: graph.producer }),
      packaged_from: file,
      // It is signed, published and shown by every service: no place for the password of a store.
      ...Object.fromEntries(Object.entries(options.lineage).map(([key, text]) => [key, maskUris(text)])),
    },
  };
  const sources = [{ path: 'model.onnx', source: bytes }, ...golden.sources];
  const bundle = await writeBundle(options.out, draft, sources, { privateKeyPem });
  return { bundle, graph, assumptions: [...ofInput, ...ofOutput], golden, signed: privateKeyPem !== undefined };
}
