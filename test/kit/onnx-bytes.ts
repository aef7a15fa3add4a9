/** Test support: the wire format of protobuf, by hand, for ONNX that no exporter writes. */

/** A varint. */
function varint(value: number): number[] {
  const bytes: number[] = [];
  for (; value >= 0x80; value = Math.floor(value / 0x80)) bytes.push((value % 0x80) | 0x80);
  return [...bytes, value];
}

/** A field that holds a number. */
export const numberField = (field: number, value: number): Uint8Array =>
  Uint8Array.from([...varint(field * 8), ...varint(value)]);

/** A field that holds a message, a text or bytes. */
export const bytesField = (field: number, content: Uint8Array): Uint8Array =>
  Uint8Array.from([...varint(field * 8 + 2), ...varint(content.length), ...content]);

/** An empty group, which is how messages began before proto2. */
export const group = (field: number): Uint8Array =>
  Uint8Array.from([...varint(field * 8 + 3), ...varint(field * 8 + 4)]);

/** A `TensorProto` of one float32 that lies in its message. */
export const plainTensor = (): Uint8Array =>
  Buffer.concat([
    numberField(1, 1),
    numberField(2, 1),
    bytesField(8, Buffer.from('w')),
    bytesField(9, Buffer.alloc(4)),
  ]);

/** A `TensorProto` of one float32 that lies in another file. */
export function externalTensor(file: string): Uint8Array {
  const location = Buffer.concat([bytesField(1, Buffer.from('location')), bytesField(2, Buffer.from(file))]);
  return Buffer.concat([
    numberField(1, 1),
    numberField(2, 1),
    bytesField(8, Buffer.from('w')),
    bytesField(13, location),
    numberField(14, 1),
  ]);
}

/** A whole ONNX model by its form, with a graph of nothing. */
export const someOnnx: Uint8Array = Buffer.concat([numberField(1, 8), bytesField(7, bytesField(2, Buffer.from('g')))]);

/** `model` with one more initialiser, which nothing uses and which lies in another file. */
export const withExternalTensor = (model: Uint8Array, file: string): Uint8Array =>
  // Graphs of several fields are merged, so this one adds to the graph that is there.
  Buffer.concat([model, bytesField(7, bytesField(5, externalTensor(file)))]);
