import type { ValueInfoProto } from './onnx_pb.ts';
import { type GraphModel, withInnerGraphs } from './read-graph.ts';

/** An input or output of a graph. */
export interface GraphValue {
  readonly name: string;
  /** By onnxruntime's names: float32, uint8, ...; undefined when it is no tensor or not said. */
  readonly dtype: string | undefined;
  /** A number, the name of a dynamic dimension, or `?`; undefined when the graph does not say. */
  readonly shape: readonly (number | string)[] | undefined;
}

/** What a person or `pawl package` wants to know of a graph. */
export interface GraphDescription {
  /** What wrote it, such as `pytorch 2.9.0`; empty when it does not say. */
  readonly producer: string;
  /** Of ONNX's own operators. */
  readonly opset: number;
  /** Without initialisers, which old graphs list among their inputs. */
  readonly inputs: readonly GraphValue[];
  readonly outputs: readonly GraphValue[];
  /** Operator -> how many nodes, most frequent first; `domain:Operator` for those that are not ONNX's own. */
  readonly operators: Readonly<Record<string, number>>;
  /** Elements of all initialisers. */
  readonly parameters: number;
}

/** `TensorProto.DataType` -> name. */
const dtypes: Readonly<Record<number, string>> = {
  1: 'float32',
  2: 'uint8',
  3: 'int8',
  4: 'uint16',
  5: 'int16',
  6: 'int32',
  7: 'int64',
  8: 'string',
  9: 'bool',
  10: 'float16',
  11: 'float64',
  12: 'uint32',
  13: 'uint64',
  16: 'bfloat16',
};

/** `TensorProto.DataType.FLOAT`. */
export const FLOAT = 1;

/** Pure: the facts of a graph. */
export function describeGraph({ graph, opsetImport, producerName, producerVersion }: GraphModel): GraphDescription {
  const initializers = new Set(graph.initializer.map(({ name }) => name));
  const counts = new Map<string, number>();
  for (const { node } of withInnerGraphs(graph))
    for (const { domain, opType } of node) {
      const name = isOnnxDomain(domain) ? opType : `${domain}:${opType}`;
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
  return {
    producer: [producerName, producerVersion].filter((part) => part !== '').join(' '),
    opset: Number(opsetImport.find(({ domain }) => isOnnxDomain(domain))?.version ?? 0),
    inputs: graph.input.filter(({ name }) => !initializers.has(name)).map(describeValue),
    outputs: graph.output.map(describeValue),
    operators: Object.fromEntries([...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))),
    parameters: graph.initializer.reduce((sum, { dims }) => sum + dims.reduce((n, size) => n * Number(size), 1), 0),
  };
}

/** ONNX's own operators go by an empty domain or by `ai.onnx`. */
const isOnnxDomain = (domain: string): boolean => domain === '' || domain === 'ai.onnx';

/** Pure: name, type and shape of one value. */
export function describeValue({ name, type }: ValueInfoProto): GraphValue {
  if (type?.value.case !== 'tensorType') return { name, dtype: undefined, shape: undefined };
  const { elemType, shape } = type.value.value;
  return {
    name,
    dtype: dtypes[elemType],
    shape: shape?.dim.map(({ value }) =>
      value.case === 'dimValue' ? Number(value.value) : value.case === 'dimParam' ? value.value : '?',
    ),
  };
}

/** `float32 [N,3,224,224]`. */
export const formatValue = ({ dtype = 'not a tensor', shape }: GraphValue): string =>
  shape === undefined ? `${dtype} of unknown shape` : `${dtype} [${shape.join(',')}]`;
