import { readMultipart } from '../../../apps/inference/src/http/upload/multipart-reader.ts';
import { ensure, type FuzzTarget } from '../engine/target.ts';
import { aRequest, BUDGET_BYTES, drain, someBudget } from '../support/upload.ts';

const BOUNDARY = 'b0undary';
const LIMITS = { maxFileBytes: 20_000, maxFiles: 4 };

const part = (headers: string, content: Uint8Array) =>
  Buffer.concat([Buffer.from(`--${BOUNDARY}\r\n${headers}\r\n\r\n`), content, Buffer.from('\r\n')]);
const end = Buffer.from(`--${BOUNDARY}--\r\n`);
const file = (name: string) =>
  `Content-Disposition: form-data; name="file"; filename="${name}"\r\nContent-Type: image/jpeg`;

/** Bodies of forms in chunks of any size, by clients. */
export const target: FuzzTarget = {
  kind: 'bytes',
  codes: [
    'MULTIPART_MALFORMED',
    'TOO_MANY_FILES',
    'REQUEST_TOO_LARGE',
    'FILE_MISSING',
    'FILE_EMPTY',
    'OVERLOADED',
    'FILE_TOO_LARGE',
    'UPLOAD_INCOMPLETE',
  ],
  iterations: 1000,
  words: [
    `--${BOUNDARY}`,
    `--${BOUNDARY}--`,
    '\r\n',
    '\r\n\r\n',
    '\n',
    "filename*=UTF-8''%ff",
    'name="file"',
    'Content-Transfer-Encoding: base64\r\n',
    '\0',
  ],
  seeds: () =>
    Promise.resolve([
      Buffer.concat([part(file('cat.jpg'), Buffer.alloc(3_000, 7)), end]),
      Buffer.concat([
        part('Content-Disposition: form-data; name="note"', Buffer.from('x')),
        part(file('a.jpg'), Buffer.alloc(50, 1)),
        end,
      ]),
      Buffer.concat([...Array.from({ length: 4 }, (_, i) => part(file(`${i}.jpg`), Buffer.alloc(200, i))), end]),
    ]),
  run: async (input, random) => {
    const budget = someBudget();
    const reservation = budget.reserve(() => undefined);
    const request = aRequest(input, random, { 'content-type': `multipart/form-data; boundary=${BOUNDARY}` });
    try {
      const files = await readMultipart(request, LIMITS, reservation);
      ensure(files.length <= LIMITS.maxFiles, 'no more files than allowed');
      for (const { chunks, name } of files) {
        const content = Buffer.concat(chunks);
        ensure(content.length <= LIMITS.maxFileBytes, 'no file is larger than allowed');
        ensure(Buffer.from(input).includes(content), 'a file is a part of the body as it was sent');
        ensure(!/[\p{C}/\\]/u.test(name) && name.length <= 128, 'a name is fit for a log line');
      }
      ensure(budget.held <= BUDGET_BYTES, 'no more is held than the budget');
    } finally {
      await drain(request);
      reservation.release();
      ensure(budget.held === 0, 'nothing is held afterwards');
    }
  },
};
