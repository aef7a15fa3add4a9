import { delimited, type Field, readFields, textOf, varint, writeFields } from './protobuf.ts';

// Field numbers of onnx.proto (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto).
const MODEL = { graph: 7 };
const GRAPH = { node: 1, initializer: 5 };
const NODE = { input: 1, output: 2, name: 3, opType: 4 };
const TENSOR = { dims: 1, dataType: 2, floatData: 4, name: 8, rawData: 9 };
const FLOAT = 1;
const INT64 = 7;

/** Last node of the catdog graphs, `features` x `head.weight` + `head.bias` -> `logit`, and their names. */
const BIAS = 'head.bias';
const FEATURES = 'features';
const LOGIT = 'logit';

/** Adds to the bias of the head: the decision between the two labels moves, sure answers stay what they were. */
export function shiftBias(model: Uint8Array, by: number): Uint8Array {
  let found = 0;
  const edited = editGraph(model, (graph) =>
    graph.map((field) => {
      if (field.no !== GRAPH.initializer) return field;
      const tensor = readFields(field.bytes);
      if (textOf(tensor, TENSOR.name) !== BIAS) return field;
      found += 1;
      const value = floatOf(tensor) + by;
      const kept = tensor.filter(({ no }) => no !== TENSOR.rawData && no !== TENSOR.floatData);
      return delimited(field.no, writeFields([...kept, delimited(TENSOR.rawData, floats(value))]));
    }),
  );
  if (found === 0) throw new Error(`the graph has no initializer ${BIAS}`);
  return edited;
}

/**
 * Makes the graph slower without changing an answer: `rounds` products of 512 x 512 matrices, made of the features so
 * that none can be computed beforehand, whose mean times zero is added to the logit. The matrix is a projection, so its
 * powers stay finite.
 */
export function slowDown(model: Uint8Array, rounds: number): Uint8Array {
  const chain = Array.from({ length: rounds }, (_, i) =>
    node('MatMul', [i === 0 ? 'slow.projection' : `slow.power.${i - 1}`, 'slow.projection'], `slow.power.${i}`),
  );
  return beforeLogit(
    model,
    [
      node('Transpose', [FEATURES], 'slow.column'),
      node('MatMul', ['slow.column', FEATURES], 'slow.outer'),
      node('Mul', [FEATURES, FEATURES], 'slow.squares'),
      node('ReduceSum', ['slow.squares'], 'slow.norm'),
      node('Div', ['slow.outer', 'slow.norm'], 'slow.projection'),
      ...chain,
      node('ReduceMean', [`slow.power.${rounds - 1}`], 'slow.mean'),
      node('Mul', ['slow.mean', 'slow.zero'], 'extra'),
    ],
    [tensor('slow.zero', FLOAT, [], floats(0))],
  );
}

/** Makes the graph need `gibibytes` of memory, all of it written to, before it gives its first answer. */
export function devourMemory(model: Uint8Array, gibibytes: number): Uint8Array {
  return beforeLogit(
    model,
    [
      node('ConstantOfShape', ['huge.shape'], 'huge.zeros'),
      node('ReduceMean', ['huge.zeros'], 'huge.mean'),
      node('Mul', ['huge.mean', 'huge.zero'], 'huge.nothing'),
      // Of the features as well, so that the optimiser cannot have done it all at load time and thrown the tensor away.
      node('ReduceMean', [FEATURES], 'huge.features'),
      node('Mul', ['huge.features', 'huge.nothing'], 'huge.extra'),
      node('Mul', ['huge.extra', 'huge.zero'], 'extra'),
    ],
    [tensor('huge.shape', INT64, [2], int64s(gibibytes * 256, 1024 * 1024)), tensor('huge.zero', FLOAT, [], floats(0))],
  );
}

/** Puts nodes that compute `extra` at the end of the graph and adds it to the logit; keeps the graph's outputs. */
function beforeLogit(model: Uint8Array, nodes: readonly Uint8Array[], initializers: readonly Uint8Array[]): Uint8Array {
  let found = 0;
  const edited = editGraph(model, (graph) => {
    const renamed = graph.map((field) => {
      if (field.no !== GRAPH.node) return field;
      const fields = readFields(field.bytes);
      if (textOf(fields, NODE.output) !== LOGIT) return field;
      found += 1;
      const before = fields.map((part) => (part.no === NODE.output ? delimited(NODE.output, `${LOGIT}.before`) : part));
      return delimited(GRAPH.node, writeFields(before));
    });
    const added = [...nodes, node('Add', [`${LOGIT}.before`, 'extra'], LOGIT)];
    return [
      ...renamed,
      ...added.map((bytes) => delimited(GRAPH.node, bytes)),
      ...initializers.map((bytes) => delimited(GRAPH.initializer, bytes)),
    ];
  });
  if (found === 0) throw new Error(`no node of the graph has the output ${LOGIT}`);
  return edited;
}

function editGraph(model: Uint8Array, edit: (graph: Field[]) => Field[]): Uint8Array {
  return writeFields(
    readFields(model).map((field) =>
      field.no === MODEL.graph ? delimited(MODEL.graph, writeFields(edit(readFields(field.bytes)))) : field,
    ),
  );
}

function node(opType: string, inputs: readonly string[], output: string): Uint8Array {
  return writeFields([
    ...inputs.map((name) => delimited(NODE.input, name)),
    delimited(NODE.output, output),
    delimited(NODE.name, output),
    delimited(NODE.opType, opType),
  ]);
}

function tensor(name: string, dataType: number, dims: readonly number[], raw: Uint8Array): Uint8Array {
  return writeFields([
    ...dims.map((size) => varint(TENSOR.dims, size)),
    varint(TENSOR.dataType, dataType),
    delimited(TENSOR.name, name),
    delimited(TENSOR.rawData, raw),
  ]);
}

/** The only value of a float tensor of one element, raw or packed: both are little-endian floats. */
function floatOf(fields: readonly Field[]): number {
  const bytes = fields.find(({ no }) => no === TENSOR.rawData || no === TENSOR.floatData)?.bytes;
  if (bytes?.length !== 4) throw new Error('expected a tensor of one float');
  return new DataView(bytes.buffer, bytes.byteOffset).getFloat32(0, true);
}

const floats = (...values: number[]) => new Uint8Array(Float32Array.from(values).buffer);
const int64s = (...values: number[]) => new Uint8Array(BigInt64Array.from(values.map(BigInt)).buffer);
