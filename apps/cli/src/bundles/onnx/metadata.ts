import { fromBinary, type UnknownField } from '@bufbuild/protobuf';
import { BinaryReader } from '@bufbuild/protobuf/wire';
import type { InputSpec } from '@pawl/shared/bundle/manifest';
import { StringStringEntryProtoSchema } from './onnx_pb.ts';
import type { GraphModel } from './read-graph.ts';

/** `ModelProto.metadata_props`: not among the fields that Pawl reads, so that writing keeps it where it was. */
const METADATA_PROPS = 14;

/** Pure: what the exporter noted about the model, by key. */
export const metadataOf = (model: GraphModel): ReadonlyMap<string, string> =>
  new Map(
    unknownFields(model.$unknown, METADATA_PROPS)
      .map((bytes) => fromBinary(StringStringEntryProtoSchema, bytes))
      .map(({ key, value }) => [key, value]),
  );

/** The contents of all fields of a number that the schema does not list, which hold a text or a message. */
export const unknownFields = (unknown: readonly UnknownField[] | undefined, number: number): readonly Uint8Array[] =>
  (unknown ?? []).filter(({ no }) => no === number).map(({ data }) => new BinaryReader(data).bytes());

/** What the metadata says of the input. */
export interface NotedInput extends Partial<Pick<InputSpec, 'channels' | 'scale' | 'mean'>> {
  /** For people; undefined: it says nothing. */
  readonly from?: string;
}

const formats: Readonly<Record<string, InputSpec['channels']>> = { bgr8: 'BGR', rgb8: 'RGB', gray8: 'L' };
const ranges: Readonly<Record<string, Pick<NotedInput, 'scale' | 'mean'>>> = {
  nominalrange_0_255: { scale: 1 },
  normalized_0_1: { scale: 1 / 255 },
  normalized_1_1: { scale: 1 / 127.5, mean: [1, 1, 1] },
};

/**
 * Pure: order of the colours and range of the values, as ONNX's metadata for images names them (docs/MetadataProps.md of
 * onnx/onnx); Azure Custom Vision writes them.
 */
export function notedInput(model: GraphModel): NotedInput {
  const metadata = metadataOf(model);
  const [format = '', range = ''] = ['Image.BitmapPixelFormat', 'Image.NominalPixelRange'].map((key) =>
    metadata.get(key)?.toLowerCase(),
  );
  const channels = formats[format];
  const values = ranges[range];
  if (channels === undefined && values === undefined) return {};
  return { ...(channels !== undefined && { channels }), ...values, from: [format, range].filter(Boolean).join(', ') };
}
