import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';

/**
 * One field of a message as it lies on the wire. For length-delimited fields `bytes` is the content; for the others it is
 * the encoded value.
 */
export interface Field {
  readonly no: number;
  readonly type: WireType;
  readonly bytes: Uint8Array;
}

/** The fields of a message in their order; nothing is known about their meaning, so nothing gets lost. */
export function readFields(message: Uint8Array): Field[] {
  const reader = new BinaryReader(message);
  const fields: Field[] = [];
  while (reader.pos < reader.len) {
    const [no, type] = reader.tag();
    const bytes = type === WireType.LengthDelimited ? reader.bytes() : reader.skip(type, no);
    fields.push({ no, type, bytes });
  }
  return fields;
}

/** The message of these fields. */
export function writeFields(fields: readonly Field[]): Uint8Array {
  const writer = new BinaryWriter();
  for (const { no, type, bytes } of fields) {
    writer.tag(no, type);
    if (type === WireType.LengthDelimited) writer.bytes(bytes);
    else writer.raw(bytes);
  }
  return writer.finish();
}

/** A message, bytes or a string. */
export function delimited(no: number, content: Uint8Array | string): Field {
  return { no, type: WireType.LengthDelimited, bytes: typeof content === 'string' ? Buffer.from(content) : content };
}

/** A non-negative integer. */
export function varint(no: number, value: number): Field {
  return { no, type: WireType.Varint, bytes: new BinaryWriter().uint64(value).finish() };
}

/** Content of the first length-delimited field of this number as text. */
export function textOf(fields: readonly Field[], no: number): string | undefined {
  const bytes = fields.find((field) => field.no === no)?.bytes;
  return bytes === undefined ? undefined : Buffer.from(bytes).toString();
}
