import { namesMissingContent } from './oci-errors.ts';

const says = (body: unknown) =>
  namesMissingContent(Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)));
const errors = (...codes: readonly string[]) => ({ errors: codes.map((code) => ({ code, message: 'x', detail: {} })) });

it.each(['MANIFEST_BLOB_UNKNOWN', 'MANIFEST_UNKNOWN', 'BLOB_UNKNOWN'])('%s, alone or among others, says so', (code) => {
  expect(says(errors(code))).toBe(true);
  expect(says(errors('DIGEST_INVALID', code))).toBe(true);
});

it.each([
  ['another code', errors('MANIFEST_INVALID', 'NAME_UNKNOWN')],
  ['no errors', errors()],
  ['no list', { errors: 'BLOB_UNKNOWN' }],
  ['no code', { errors: [{ message: 'BLOB_UNKNOWN' }, null] }],
  ['no JSON', '<h1>BLOB_UNKNOWN</h1>'],
  ['nothing', ''],
])('%s does not', (_, body) => {
  expect(says(body)).toBe(false);
});
