import { eventually } from '@pawl/test-kit/eventually';
import { startService, type RunningService } from '../../apps/inference/test/support/start-service.ts';
import { codeOf, head, RawClient } from '../../apps/inference/test/survival/support/raw-client.ts';

/*
 * A client behind a proxy hides a second request in the first, so that it reaches the service without the proxy's rules (RFC
 * 9112, 11.2). apps/inference/test/survival/uploads.spec.ts has the plain forms; these are the ways around a lenient parser.
 */

let service: RunningService;
let client: RawClient;

beforeAll(async () => {
  service = await startService({ LOG_LEVEL: 'debug', MODEL_URI: '' });
});
beforeEach(async () => {
  client = await RawClient.connect(service.url);
});
afterEach(() => {
  client.hangUp();
});
afterAll(() => service.stop());

const HIDDEN = 'smuggled';
const hidden = `GET /health HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: ${HIDDEN}\r\n\r\n`;
const wasRead = (id: string) => service.log.some((line) => line['request_id'] === id);

/** A POST with these header lines as they are, whose body is a request. */
const post = (lines: readonly string[], before = '0\r\n\r\n', version = '1.1') =>
  [`POST /predict HTTP/${version}`, 'Host: localhost', 'Content-Type: image/jpeg', ...lines, '', before].join('\r\n') +
  hidden;

/** One more request, whose log line comes after those of all before it. */
async function afterAllElse(id: string): Promise<void> {
  const next = await RawClient.connect(service.url);
  await next.send(head('GET /health', [`X-Request-Id: ${id}`]));
  await next.answer();
  await eventually('its log line', () => wasRead(id));
  next.hangUp();
}

describe('a request with another in its body', () => {
  it('would be seen here if it were read: two requests one after the other are', async () => {
    await client.send(hidden.replaceAll(HIDDEN, 'open') + hidden.replaceAll(HIDDEN, 'open-2'));
    expect([(await client.answer()).status, (await client.answer()).status]).toEqual([200, 200]);
    await eventually('both log lines', () => wasRead('open') && wasRead('open-2'));
  });

  it.each<[string, string]>([
    ['a space before the colon', post(['Content-Length: 5', 'Transfer-Encoding : chunked'])],
    ['a vertical tab before the value', post(['Content-Length: 5', 'Transfer-Encoding:\u000bchunked'])],
    ['two encodings', post(['Transfer-Encoding: chunked', 'Transfer-Encoding: identity'])],
    ['an encoding in quotes', post(['Transfer-Encoding: "chunked"'])],
    ['an encoding twice', post(['Transfer-Encoding: chunked, chunked'])],
    ['an encoding behind a bare line feed', post(['Content-Length: 5', 'X: y\nTransfer-Encoding: chunked'])],
    ['an encoding behind a bare carriage return', post(['Content-Length: 5', 'X: y\rTransfer-Encoding: chunked'])],
    ['an encoding in a folded line', post(['Content-Length: 5', 'Transfer-Encoding:\r\n chunked'])],
    ['an encoding behind NUL', post(['Content-Length: 5', 'X: \u0000', 'Transfer-Encoding: chunked'])],
    [
      'an encoding and a length, in HTTP/1.0',
      post(['Content-Length: 5', 'Transfer-Encoding: chunked'], undefined, '1.0'),
    ],
    ['a list of lengths', post(['Content-Length: 5, 5'])],
    ['a length in hexadecimal', post(['Content-Length: 0x5'])],
    ['a length below 0', post(['Content-Length: -1'])],
    ['a length of 2^64 + 5', post(['Content-Length: 18446744073709551621'])],
    ['a length that is empty', post(['Content-Length: '])],
    ['a chunk size of 2^64 + 5', post(['Transfer-Encoding: chunked'], '10000000000000005\r\nabcde\r\n0\r\n\r\n')],
    ['a chunk size with 0x', post(['Transfer-Encoding: chunked'], '0x5\r\nabcde\r\n0\r\n\r\n')],
    ['a chunk size with a sign', post(['Transfer-Encoding: chunked'], '+5\r\nabcde\r\n0\r\n\r\n')],
    ['a chunk size before a bare line feed', post(['Transfer-Encoding: chunked'], '5\nabcde\r\n0\r\n\r\n')],
    ['a chunk extension with a bare line feed', post(['Transfer-Encoding: chunked'], '5;\nxx\r\nabcde\r\n0\r\n\r\n')],
    ['the preface of HTTP/2', `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${hidden}`],
  ])('is refused with %s, and nothing behind it is read', async (_, request) => {
    await client.send(request);
    const answer = await client.answer();
    expect([answer.status, codeOf(answer), answer.headers['connection']]).toEqual([400, 'REQUEST_INVALID', 'close']);
    expect(await client.ending()).not.toBe('open');
    await afterAllElse(`after-${Math.random().toString(36).slice(2)}`);
    expect(wasRead(HIDDEN)).toBe(false);
  });

  it('ends the connection at a chunk longer than it says, whatever was answered before', async () => {
    await client.send(post(['Transfer-Encoding: chunked'], '5\r\nabcdefgh\r\n0\r\n\r\n'));
    expect(await client.ending()).not.toBe('open');
    await afterAllElse('after-chunk');
    expect(wasRead(HIDDEN)).toBe(false);
  });

  it.each<[string, string, number]>([
    ['GET', head('GET /health', [`Content-Length: ${hidden.length}`]), 200],
    ['DELETE', head('DELETE /nothing', [`Content-Length: ${hidden.length}`]), 404],
    ['HTTP/1.0', `POST /nothing HTTP/1.0\r\nContent-Length: ${hidden.length}\r\n\r\n`, 404],
    [
      'one that offers another protocol',
      head('GET /health', ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', `Content-Length: ${hidden.length}`]),
      200,
    ],
    [
      'one that expects nothing any more',
      head('POST /nothing', ['Expect: 100-continue', `Content-Length: ${hidden.length}`]),
      404,
    ],
  ])('is one request: %s', async (_, request, status) => {
    await client.send(request + hidden);
    let answer = await client.answer();
    if (answer.status === 100) answer = await client.answer();
    expect(answer.status).toBe(status);
    await afterAllElse(`after-${Math.random().toString(36).slice(2)}`);
    expect(wasRead(HIDDEN)).toBe(false);
  });
});
