import { clone, create } from '@bufbuild/protobuf';
import { FLOAT } from './describe-graph.ts';
import {
  AttributeProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from './onnx_pb.ts';
import { type GraphModel, withInnerGraphs } from './read-graph.ts';

/** `TensorProto.FLOAT16` and `AttributeProto.INT`. */
const FLOAT16 = 10;
const INT = 2;

/** Whether some node computes a value of this name. */
export const computes = ({ graph }: GraphModel, value: string): boolean =>
  graph.node.some(({ output }) => output.includes(value));

/**
 * A copy of the model whose only output is `value`, which some node computes. Nothing else is taken away: onnxruntime drops the
 * nodes that the output does not need. A value that the graph does not describe is taken for float16 where the graph takes that, else
 * for float32, of any shape.
 */
export function cutAt(model: GraphModel, value: string): GraphModel {
  const { copy, graph } = copyOf(model);
  const described = [...graph.output, ...graph.valueInfo].find(({ name }) => name === value);
  graph.output = [
    described ??
      create(ValueInfoProtoSchema, {
        name: value,
        type: { value: { case: 'tensorType', value: { elemType: model.graph.input.some(isHalf) ? FLOAT16 : FLOAT } } },
      }),
  ];
  graph.valueInfo = graph.valueInfo.filter(({ name }) => name !== value);
  return Object.assign(copy, { graph });
}

/**
 * A copy of a model that takes float16, which takes float32 and casts it: onnxruntime's binding for Node gives a graph no
 * float16. Undefined where no input is float16.
 */
export function takingFloat32(model: GraphModel): GraphModel | undefined {
  const initializers = new Set(model.graph.initializer.map(({ name }) => name));
  const isTaken = (value: ValueInfoProto) => isHalf(value) && !initializers.has(value.name);
  if (!model.graph.input.some(isTaken)) return undefined;
  const { copy, graph } = copyOf(model);
  for (const input of graph.input.filter(isTaken)) {
    const { name } = input;
    const half = `${name}.float16`;
    for (const { node } of withInnerGraphs(graph))
      for (const each of node) each.input = each.input.map((used) => (used === name ? half : used));
    const to = create(AttributeProtoSchema, { name: 'to', type: INT, i: BigInt(FLOAT16) });
    graph.node.unshift(
      create(NodeProtoSchema, { name: half, opType: 'Cast', input: [name], output: [half], attribute: [to] }),
    );
    if (input.type?.value.case === 'tensorType') input.type.value.value.elemType = FLOAT;
  }
  return Object.assign(copy, { graph });
}

const isHalf = ({ type }: ValueInfoProto): boolean =>
  type?.value.case === 'tensorType' && type.value.value.elemType === FLOAT16;

function copyOf(model: GraphModel) {
  const copy = clone(ModelProtoSchema, model);
  return { copy, graph: copy.graph ?? model.graph };
}
