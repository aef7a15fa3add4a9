import type { Photo } from '../photos.ts';

/** How a server takes a picture and names its label: a form, or version 2 of the inference protocol in one of two ways. */
export type PayloadKind = 'multipart' | 'v2-binary' | 'v2-base64';

/** A request with one picture. */
export interface Payload {
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

const BOUNDARY = 'pawl-bench-peers';

/** The request of a kind for a photograph. */
export function payloadOf(kind: PayloadKind, { name, bytes }: Photo): Payload {
  switch (kind) {
    case 'multipart':
      return multipart(name, bytes);
    case 'v2-binary':
      return v2Binary(bytes);
    case 'v2-base64':
      return v2Base64(bytes);
  }
}

/** RFC 7578, the picture in the field `file`, with a type that names one: BentoML refuses others. */
function multipart(name: string, bytes: Uint8Array): Payload {
  const type = /\.png$/i.test(name) ? 'image/png' : 'image/jpeg';
  const head = [
    `--${BOUNDARY}`,
    `Content-Disposition: form-data; name="file"; filename="${name.replaceAll(/[^\w.-]/g, '-')}"`,
    `Content-Type: ${type}`,
  ];
  const body = Buffer.concat([
    Buffer.from(`${head.join('\r\n')}\r\n\r\n`),
    bytes,
    Buffer.from(`\r\n--${BOUNDARY}--\r\n`),
  ]);
  return { body, headers: { 'content-type': `multipart/form-data; boundary=${BOUNDARY}` } };
}

/** Open Inference Protocol with its binary data extension: JSON, then the element behind its length (32 bits, LE). */
function v2Binary(bytes: Uint8Array): Payload {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(bytes.length);
  const parameters = { binary_data_size: length.length + bytes.length };
  const json = Buffer.from(
    JSON.stringify({
      inputs: [{ name: 'image', shape: [1], datatype: 'BYTES', parameters }],
      outputs: [{ name: 'label', parameters: { binary_data: false } }],
    }),
  );
  return {
    body: Buffer.concat([json, length, bytes]),
    headers: { 'content-type': 'application/octet-stream', 'inference-header-content-length': String(json.length) },
  };
}

/** The same in JSON alone. */
function v2Base64(bytes: Uint8Array): Payload {
  const data = [Buffer.from(bytes).toString('base64')];
  const input = { name: 'image', shape: [1], datatype: 'BYTES', parameters: { content_type: 'base64' }, data };
  return { body: Buffer.from(JSON.stringify({ inputs: [input] })), headers: { 'content-type': 'application/json' } };
}

/** The label that an answer names; undefined when it names none. */
export function labelOf(kind: PayloadKind, text: string): string | undefined {
  const answer = JSON.parse(text) as {
    readonly label?: string;
    readonly outputs?: readonly { readonly name: string; readonly data: readonly string[] }[];
  };
  return kind === 'multipart' ? answer.label : answer.outputs?.find(({ name }) => name === 'label')?.data[0];
}
