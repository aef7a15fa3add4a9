import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { catPhoto } from '@pawl/test-kit/repository';
import { errorBodySchema } from '../src/prediction/prediction.schema.ts';
import { type TestService, startTestService } from './support/test-service.ts';

const photo = readFileSync(catPhoto);
const latin1 = (text: string) => Buffer.from(text.padEnd(64, '\0'), 'latin1');
/** The beginning of an ISO media file. */
const ftyp = (major: string, ...compatible: string[]) => {
  const body = `ftyp${major}\0\0\0\0${compatible.join('')}`;
  return latin1(String.fromCharCode(0, 0, 0, body.length + 4) + body);
};

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(async () => {
  await service.app.close();
});

type Part = readonly [field: string, content: Uint8Array | string, fileName?: string, type?: string];
function form(...parts: readonly Part[]): FormData {
  const body = new FormData();
  for (const [field, content, fileName, type] of parts)
    if (typeof content === 'string') body.append(field, content);
    else body.append(field, new Blob([Buffer.from(content)], { type: type ?? 'image/jpeg' }), fileName ?? 'pet.jpg');
  return body;
}

/** Status, and of an error its code, message and hint. */
async function ask(body: BodyInit, headers: Record<string, string> = {}, { url } = service) {
  const response = await fetch(`${url}/predict`, { method: 'POST', body, headers });
  const json: unknown = await response.json();
  return response.ok
    ? { status: response.status, headers: response.headers }
    : { status: response.status, headers: response.headers, ...errorBodySchema.parse(json).error };
}
/** The bytes without the Content-Type that fetch adds to a Buffer's text. */
const bytes = (content: Uint8Array) => Uint8Array.from(content);

describe('a file of another kind', () => {
  it.each<[string, Uint8Array, RegExp, RegExp]>([
    ['HEIC', ftyp('heic', 'mif1', 'heic'), /^The file is a HEIC or HEIF, by its first bytes; expected JPEG/, /iPhone/],
    ['TIFF', latin1('II*\0'), /is a TIFF/, /Convert it to JPEG or PNG/],
    ['BMP', latin1('BM\x36\0'), /is a BMP/, /Convert it to JPEG or PNG/],
    ['PDF', latin1('%PDF-1.7'), /is a PDF/, /Export the page/],
    ['animated AVIF', ftyp('avis', 'avif'), /is an AVIF image sequence/, /Send one frame/],
    ['a picture compressed by gzip', gzipSync(photo), /is compressed by gzip/, /not compressed/],
    ['a page saved in place of a picture', latin1('<!doctype html>'), /is HTML or XML/, /saved in place/],
    ['something else', latin1('\x01\x02\x03'), /is not an image that is known here/, /Send the picture as JPEG, PNG/],
  ])('is called by its name, with what to do: %s', async (_, content, message, hint) => {
    for (const sent of [
      await ask(form(['file', content])),
      await ask(bytes(content)),
      await ask(bytes(content), { 'content-type': 'image/jpeg' }),
    ])
      expect(sent).toMatchObject({
        status: 415,
        code: 'IMAGE_FORMAT_UNSUPPORTED',
        message: expect.stringMatching(message) as string,
        hint: expect.stringMatching(hint) as string,
      });
  });

  it('is known by a long list of brands that comes in small pieces', async () => {
    service.backend.seen.length = 0;
    const avif = ftyp('mif1', ...Array.from({ length: 40 }, () => 'miaf'), 'avif');
    const pieces = new ReadableStream({
      start(controller) {
        for (const byte of avif) controller.enqueue(Uint8Array.of(byte));
        controller.close();
      },
    });
    const request = { method: 'POST', body: pieces, duplex: 'half' } as RequestInit;
    expect((await fetch(`${service.url}/predict`, request)).status).toBe(200);
    expect(service.backend.seen[0]?.equals(avif)).toBe(true);
  });
});

describe('a form', () => {
  it.each<[string, Part, string]>([
    ['a WebP as curl sends it', ['image', photo, 'a.webp', 'application/octet-stream'], '"image" (the file "a.webp")'],
    ['a JPEG as curl sends it', ['image', photo, 'a.jpg', 'image/jpeg'], '"image" (the file "a.jpg")'],
    ['a text', ['picture', 'x'], '"picture"'],
    ['a name that would break a line', ['a\u202eb', 'x'], '"a�b"'],
  ])('without the field "file" is told which field it has: %s', async (_, part, found) => {
    expect(await ask(form(part))).toMatchObject({
      status: 400,
      code: 'FILE_MISSING',
      message: `The form has no file in a field named "file"; it has only ${found}.`,
    });
  });

  it('is told what to rename', async () => {
    expect(await ask(form(['image', photo]))).toMatchObject({
      hint: 'Rename the field "image" to "file"; with curl, -F file=@NAME.',
    });
  });

  it('without any field is told so', async () => {
    const type = { 'content-type': 'multipart/form-data; boundary=b' };
    expect(await ask('--b--\r\n', type)).toMatchObject({
      code: 'FILE_MISSING',
      message: 'The form has no file in a field named "file"; it has no field at all.',
    });
  });

  it.each(['image/jpeg', 'application/octet-stream'])('may have other files beside, of type %s', async (type) => {
    service.backend.seen.length = 0;
    const body = form(['thumbnail', Buffer.from('other'), 'b.bin', type], ['file', photo], ['more', photo, 'c', type]);
    expect(await ask(body)).toMatchObject({ status: 200 });
    expect(service.backend.seen.map((seen) => seen.equals(photo))).toEqual([true]);
  });

  it('with the name of a file in place of the file is told about the @', async () => {
    expect(await ask(form(['file', 'cat.jpg']))).toMatchObject({
      status: 400,
      code: 'FILE_MISSING',
      message: 'The field "file" is text and not a file.',
      hint: expect.stringContaining('-F file=@NAME') as string,
    });
  });
});

describe('a body that is the image', () => {
  it.each([undefined, 'application/x-image', 'binary/octet-stream', 'application/x-www-form-urlencoded', 'image/heic'])(
    'is known by its bytes and not by its type: %s',
    async (type) => {
      service.backend.seen.length = 0;
      expect(await ask(bytes(photo), type === undefined ? {} : { 'content-type': type })).toMatchObject({
        status: 200,
      });
      expect(service.backend.seen.map((seen) => seen.equals(photo))).toEqual([true]);
    },
  );

  it('is missed in a form-encoded text, which is what curl -d sends', async () => {
    const type = { 'content-type': 'application/x-www-form-urlencoded' };
    expect(await ask('file=cat.jpg', type)).toMatchObject({
      status: 415,
      code: 'CONTENT_TYPE_UNSUPPORTED',
      message: expect.stringContaining('form-encoded') as string,
      hint: expect.stringContaining('-F file=@NAME') as string,
    });
  });

  it.each(['gzip', 'br'])('is refused when it is said to be encoded, by name: %s', async (encoding) => {
    for (const body of [bytes(gzipSync(photo)), form(['file', photo])]) {
      const refused = await ask(body, { 'content-encoding': encoding });
      expect(refused).toMatchObject({
        status: 415,
        code: 'CONTENT_ENCODING_UNSUPPORTED',
        message: expect.stringContaining(`"${encoding}"`) as string,
      });
      expect(refused.headers.get('accept-encoding')).toBe('identity');
    }
  });
});

describe('formats that are switched off', () => {
  let narrow: TestService;
  const avif = ftyp('avif', 'mif1');
  beforeAll(async () => {
    narrow = await startTestService({ env: { IMAGE_FORMATS: 'jpeg, png' } });
  });
  afterAll(async () => {
    await narrow.app.close();
  });

  it.each([
    ['AVIF', avif],
    ['WebP', latin1('RIFF\x10\0\0\0WEBPVP8 ')],
    ['GIF', latin1('GIF89a')],
  ])('are refused by name before a decoder sees them: %s', async (name, content) => {
    narrow.backend.seen.length = 0;
    expect(await ask(bytes(content), {}, narrow)).toMatchObject({
      status: 415,
      code: 'IMAGE_FORMAT_UNSUPPORTED',
      message: `The file is ${name}, which is switched off in this service.`,
      hint: 'Send the picture as JPEG or PNG.',
    });
    expect(narrow.backend.seen).toEqual([]);
  });

  it('leave the others as they were', async () => {
    expect(await ask(bytes(photo), {}, narrow)).toMatchObject({ status: 200 });
  });

  it('are not in the document and not in the file chooser of the page', async () => {
    const document = (await (await fetch(`${narrow.url}/docs/openapi.json`)).json()) as {
      paths: { '/predict': { post: { requestBody: { content: object } } } };
    };
    expect(Object.keys(document.paths['/predict'].post.requestBody.content)).toEqual([
      'multipart/form-data',
      'image/jpeg',
      'image/png',
      'application/octet-stream',
    ]);
    const page = await (await fetch(narrow.url)).text();
    expect(page).toContain('accept="image/jpeg,image/png"');
    expect(await (await fetch(service.url)).text()).toContain(
      'accept="image/jpeg,image/png,image/webp,image/gif,image/avif"',
    );
  });
});
