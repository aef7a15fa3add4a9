import { readFile, stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { digestOfBytes } from '@pawl/shared/bundle/digest';
import type { InputSpec } from '@pawl/shared/bundle/manifest';
import { isMissing } from '@pawl/shared/errors/system-error';
import type { Context } from '../../../terminal/context.ts';
import { CliError } from '../../../errors/cli-error.ts';
import { backboneOf, furtherOutputs } from '../../../bundles/onnx/backbone.ts';
import { describeValue } from '../../../bundles/onnx/describe-graph.ts';
import { inferInput } from '../../../bundles/onnx/infer-input.ts';
import { type GraphModel, readGraph, writeGraph } from '../../../bundles/onnx/read-graph.ts';
import { withBundle } from '../../../bundles/read-bundle.ts';
import { toUri } from '../../../bundles/stores.ts';
import { findBackbone } from './find-backbone.ts';

/** Customary name of the output that says how surely a picture is any of the labels. */
const KNOWN = 'known';

/** A graph that makes features of pictures, and how pictures get into it. */
export interface Backbone {
  /** For people: `catdog 1.0.0` or the name of the file. */
  readonly name: string;
  /** The whole model, of which the head is replaced. */
  readonly model: GraphModel;
  readonly input: InputSpec;
  /** Name of the features. */
  readonly features: string;
  /** `sha256:<hex>` of the graph up to the features. */
  readonly digest: string;
  /** The graph up to the features: what `digest` is of, and what workers load. */
  readonly bytes: Uint8Array;
  /** Values an image; undefined when the graph does not say. */
  readonly width: number | undefined;
  /** Outputs of the model that a new head leaves alone. */
  readonly further: readonly string[];
  /**
   * That of `further` which says how surely a picture is any of the labels, the larger the more: what the bundle abstains by,
   * else `known` by custom. Undefined where there is none of one value an image.
   */
  readonly knows: string | undefined;
  /** Of the bundle it came in. */
  readonly lineage: Readonly<Record<string, string>>;
}

/**
 * Opens a backbone: a bundle (folder, address, or a name as {@link findBackbone} takes it), whose input spec holds, or an ONNX file, whose input spec is read from the
 * graph.
 *
 * @param address as in `train.backbone`, relative to the working directory.
 * @throws CliError FILE_NOT_FOUND, GRAPH_*, BACKBONE_INVALID; PawlError of the bundle.
 */
export async function openBackbone(context: Context, address: string, features: string): Promise<Backbone> {
  const found = await load(context, await findBackbone(address, context.cwd));
  const graph = backboneOf(found.model, features);
  const bytes = writeGraph(graph);
  const digest = digestOfBytes(bytes);
  const [output] = graph.graph.output;
  const width = output === undefined ? undefined : describeValue(output).shape?.at(-1);
  const further = furtherOutputs(found.model, features, found.answer);
  const knows = [found.abstainsBy, KNOWN].find((name) => name !== undefined && isKept(found.model, further, name));
  return {
    ...found,
    further,
    knows,
    features,
    digest,
    bytes,
    width: typeof width === 'number' && width > 0 ? width : undefined,
  };
}

/** A model, and what its manifest says of its outputs. */
interface Found extends Pick<Backbone, 'name' | 'model' | 'input' | 'lineage'> {
  /** Output that names the label. */
  readonly answer?: string | undefined;
  /** Output that it abstains by. */
  readonly abstainsBy?: string | undefined;
}

/** Whether an output stays, and has one float a picture. */
function isKept({ graph }: GraphModel, further: readonly string[], name: string): boolean {
  const output = graph.output.find((value) => value.name === name);
  if (output === undefined || !further.includes(name)) return false;
  const { dtype, shape } = describeValue(output);
  return dtype === 'float32' && (shape === undefined || shape.at(-1) === 1);
}

async function load(context: Context, address: string): Promise<Found> {
  if (await isFile(resolve(context.cwd, address))) {
    const name = basename(address);
    const model = readGraph(await readFile(resolve(context.cwd, address)), name);
    return { name, model, input: inferInput(model, name).input, lineage: {} };
  }
  return await withBundle(context, toUri(address, context.cwd), {}, async (bundle) => ({
    name: `${bundle.manifest.name} ${bundle.manifest.version}`,
    model: readGraph(await bundle.read(bundle.manifest.model, context.signal), bundle.manifest.model),
    input: bundle.manifest.input,
    answer: bundle.manifest.output.name,
    abstainsBy: bundle.manifest.abstain?.score === undefined ? bundle.manifest.abstain?.output : undefined,
    lineage: bundle.manifest.lineage,
  }));
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch (cause) {
    // An address of a store is no path; a folder that is missing is the bundle's own error.
    if (isMissing(cause) && !path.endsWith('.onnx')) return false;
    throw new CliError(
      'FILE_NOT_FOUND',
      `The backbone ${path} cannot be read.`,
      'Set train.backbone in params.yaml to a bundle or an ONNX file.',
      cause,
    );
  }
}
