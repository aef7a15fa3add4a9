import { metadataOf, unknownFields } from '../../bundles/onnx/metadata.ts';
import type { GraphModel } from '../../bundles/onnx/read-graph.ts';
import { inOrder, parseLabelsFile } from './read-labels.ts';

/** Labels that an exporter wrote into the graph. */
export interface GraphLabels {
  /** Where they stand, for people. */
  readonly from: string;
  readonly names: readonly string[];
}

/** `AttributeProto.strings`. */
const STRINGS = 9;
/** Metadata that names labels: Ultralytics, then what follows Hugging Face. */
const KEYS = ['names', 'id2label', 'labels', 'classes'] as const;

/**
 * Pure: the labels that the graph itself names: in its metadata, or in the attribute of ZipMap, which makes a map of a
 * classifier's output (scikit-learn, Azure Custom Vision). Undefined where it names none that can be read.
 */
export function labelsOfGraph(model: GraphModel): GraphLabels | undefined {
  const metadata = metadataOf(model);
  for (const key of KEYS) {
    const names = parseMetadata(metadata.get(key), key);
    if (names !== undefined && names.length > 1) return { from: `the metadata "${key}" of the graph`, names };
  }
  const classes = model.graph.node
    .find(({ opType }) => opType === 'ZipMap')
    ?.attribute.find(({ name }) => name === 'classlabels_strings');
  const names = unknownFields(classes?.$unknown, STRINGS).map((bytes) => Buffer.from(bytes).toString());
  return names.length > 1 ? { from: 'ZipMap, the last node of the graph', names } : undefined;
}

/** JSON, or the text of a Python dict or list: `{0: 'cat', 1: "dog's"}`. */
function parseMetadata(text: string | undefined, key: string): readonly string[] | undefined {
  if (text === undefined) return undefined;
  const literal = /('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")/;
  const entries = [...text.matchAll(new RegExp(`(\\d+)\\s*:\\s*${literal.source}`, 'g'))];
  try {
    if (entries.length > 0)
      return inOrder(
        entries.map(([, index = '', name = '']) => [index, unquoted(name)]),
        key,
      );
    if (text.trimStart().startsWith('['))
      return [...text.matchAll(new RegExp(literal, 'g'))].map(([name]) => unquoted(name));
    return parseLabelsFile(text.startsWith('{') ? text : text.split(',').join('\n'), key);
  } catch {
    return undefined;
  }
}

const unquoted = (literal: string): string => literal.slice(1, -1).replace(/\\(.)/g, '$1');
