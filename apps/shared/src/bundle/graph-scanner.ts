import { PawlError } from '../errors/pawl-error.ts';

/**
 * What the bytes of a model are: ONNX whose tensors all lie inside, ONNX with a tensor in another file, or something
 * that is no ONNX model in one whole piece.
 */
export type GraphVerdict = 'self-contained' | 'external-data' | 'malformed';

/** Fields of a message that hold further messages with tensors, by number; a tensor has none of them. */
interface MessageKind {
  readonly fields: Readonly<Record<number, () => MessageKind>>;
}

// The ways from a model to its tensors, by the field numbers of onnx.proto (github.com/onnx/onnx, v1.17.0). The runtime
// looks at `data_location` wherever a tensor stands, so all of them count: also inner graphs, functions and training.
const tensor: MessageKind = { fields: {} };
const sparseTensor: MessageKind = { fields: { 1: () => tensor, 2: () => tensor } };
const attribute: MessageKind = {
  fields: {
    5: () => tensor,
    6: () => graph,
    10: () => tensor,
    11: () => graph,
    22: () => sparseTensor,
    23: () => sparseTensor,
  },
};
const node: MessageKind = { fields: { 5: () => attribute } };
const graph: MessageKind = { fields: { 1: () => node, 5: () => tensor, 15: () => sparseTensor } };
const functionProto: MessageKind = { fields: { 7: () => node, 11: () => attribute } };
const trainingInfo: MessageKind = { fields: { 1: () => graph, 2: () => graph } };
const model: MessageKind = { fields: { 7: () => graph, 20: () => trainingInfo, 25: () => functionProto } };

/** `TensorProto.data_location`; 0 is DEFAULT, 1 is EXTERNAL, and nothing else is defined. */
const DATA_LOCATION = 14;
/** What follows a tag, by its low three bits; 3 and 4 are groups. */
const WIRE = { varint: 0, fixed64: 1, length: 2, fixed32: 5 };
/** Messages inside each other, as many as onnxruntime's protobuf takes. */
const DEEPEST = 100;
/** Bytes of the longest varint. */
const LONGEST_VARINT = 10;
/** What onnxruntime takes for a model of its own format, whatever else the bytes are: `ORTM` as bytes 4 to 7. */
const ORT_FORMAT = [0x4f, 0x52, 0x54, 0x4d];

/** A message that was begun; `end` is the position of the first byte behind it. */
interface OpenMessage {
  readonly kind: MessageKind;
  readonly end: number;
}

/**
 * Looks for tensors that lie outside an ONNX file, in bytes that arrive in pieces: a model is judged while it is hashed,
 * in one pass and without holding it. It reads the wire format of protobuf as far as tags, lengths and one number, and
 * skips everything else, weights above all. Stricter than onnxruntime: a group, which no exporter writes, is malformed.
 *
 * Loading from memory alone does not keep foreign bytes out: onnxruntime then looks for them in the working directory.
 */
export class GraphScanner {
  readonly #open: OpenMessage[] = [{ kind: model, end: Infinity }];
  #position = 0;
  #reading: 'tag' | 'number' | 'length' = 'tag';
  /** Field whose value comes next. */
  #field = 0;
  /** Low 32 bits of the varint so far, and whether higher ones are set. */
  #low = 0;
  #isLarge = false;
  #varintBytes = 0;
  /** Bytes to pass over. */
  #skip = 0;
  #matchesOrtFormat = true;
  #isMalformed = false;
  #isExternal = false;

  /** Takes the next bytes; never throws. */
  update(bytes: Uint8Array): void {
    this.#compareFormat(bytes);
    for (let at = 0; at < bytes.length && !this.#isMalformed;) {
      const step = this.#skip === 0 ? 1 : Math.min(this.#skip, bytes.length - at);
      this.#position += step;
      if (this.#skip === 0) this.#take(bytes[at] ?? 0);
      else this.#skip -= step;
      at += step;
      if (this.#skip === 0 && this.#varintBytes === 0 && this.#reading === 'tag') this.#close();
    }
  }

  /** The verdict over all bytes. An external tensor counts even where the rest is broken. */
  finish(): GraphVerdict {
    if (this.#isExternal) return 'external-data';
    const isWhole = this.#reading === 'tag' && this.#varintBytes === 0 && this.#skip === 0 && this.#open.length === 1;
    const isOrtFormat = this.#matchesOrtFormat && this.#position > 4 + ORT_FORMAT.length;
    return this.#isMalformed || !isWhole || isOrtFormat || this.#position === 0 ? 'malformed' : 'self-contained';
  }

  #compareFormat(bytes: Uint8Array): void {
    for (const [i, expected] of ORT_FORMAT.entries()) {
      const at = 4 + i - this.#position;
      if (at >= 0 && at < bytes.length && bytes[at] !== expected) this.#matchesOrtFormat = false;
    }
  }

  /** One byte of a varint. */
  #take(byte: number): void {
    const shift = 7 * this.#varintBytes;
    const bits = byte & 0x7f;
    // JavaScript shifts by the amount modulo 32; what a shift by 28 pushes out is the upper three of seven bits.
    if (shift < 32) this.#low = (this.#low | (bits << shift)) >>> 0;
    if ((shift > 28 && bits !== 0) || (shift === 28 && bits > 0x0f)) this.#isLarge = true;
    this.#varintBytes += 1;
    if (this.#position > this.#end || (byte >= 0x80 && this.#varintBytes === LONGEST_VARINT)) this.#isMalformed = true;
    else if (byte < 0x80) this.#complete();
  }

  #complete(): void {
    const [value, isLarge] = [this.#low, this.#isLarge];
    this.#low = 0;
    this.#isLarge = false;
    this.#varintBytes = 0;
    if (this.#reading === 'number') this.#takeNumber(value);
    else if (isLarge) this.#isMalformed = true;
    else if (this.#reading === 'tag') this.#takeTag(value);
    else this.#takeLength(value);
  }

  #takeTag(tag: number): void {
    this.#field = tag >>> 3;
    const wireType = tag & 7;
    if (this.#field === 0) this.#isMalformed = true;
    else if (wireType === WIRE.varint) this.#reading = 'number';
    else if (wireType === WIRE.length) this.#reading = 'length';
    else if (wireType === WIRE.fixed64) this.#pass(8);
    else if (wireType === WIRE.fixed32) this.#pass(4);
    else this.#isMalformed = true;
  }

  /** onnxruntime's protobuf takes the low 32 bits of an enum, so they decide here too. */
  #takeNumber(value: number): void {
    this.#reading = 'tag';
    if (this.#innermost?.kind === tensor && this.#field === DATA_LOCATION && value !== 0) this.#isExternal = true;
  }

  #takeLength(length: number): void {
    this.#reading = 'tag';
    const kind = this.#innermost?.kind.fields[this.#field]?.();
    if (kind === undefined) this.#pass(length);
    else if (this.#position + length > this.#end || this.#open.length > DEEPEST) this.#isMalformed = true;
    else this.#open.push({ kind, end: this.#position + length });
  }

  #pass(length: number): void {
    if (this.#position + length > this.#end) this.#isMalformed = true;
    else this.#skip = length;
  }

  /** Leaves the messages that end here. */
  #close(): void {
    while (this.#position === this.#end) this.#open.pop();
  }

  get #innermost(): OpenMessage | undefined {
    return this.#open.at(-1);
  }

  get #end(): number {
    return this.#innermost?.end ?? 0;
  }
}

/** The refusal of a model that names bytes outside its file. */
export const externalData = (file: string): PawlError =>
  new PawlError('MODEL_EXTERNAL_DATA', {
    message: `${file} keeps weights in another file, which no digest covers; expected a graph in one file.`,
  });

/**
 * Judges the bytes that are about to be loaded.
 *
 * @param name of the model, for people.
 * @throws PawlError MODEL_EXTERNAL_DATA; MODEL_INCOMPATIBLE where the bytes are no whole ONNX model.
 */
export function requireSelfContained(bytes: Uint8Array, name: string): void {
  const scanner = new GraphScanner();
  scanner.update(bytes);
  const verdict = scanner.finish();
  if (verdict === 'external-data') throw externalData(name);
  if (verdict === 'malformed')
    throw new PawlError('MODEL_INCOMPATIBLE', {
      message: `onnxruntime cannot load ${name}: it is no ONNX model, or it is cut short.`,
      cause: new Error(`${bytes.length} bytes that are no whole ONNX model`),
    });
}
