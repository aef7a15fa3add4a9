/**
 * A Git server over HTTP that asks for a name and a token, in front of `git http-backend`
 * (https://git-scm.com/docs/git-http-backend); repositories lie in /srv. Runs in a pod of the image under test, as
 * `node --input-type=module -e`.
 */
import { Buffer } from 'node:buffer';
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';

const { PATH, GIT_CREDENTIALS = '' } = process.env;
const expected = `Basic ${Buffer.from(GIT_CREDENTIALS).toString('base64')}`;

createServer((request, response) => {
  const { method = 'GET', headers } = request;
  if (headers.authorization !== expected) {
    request.resume();
    response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end();
    return;
  }
  const url = new URL(request.url ?? '/', 'http://git');
  const child = spawn('git', ['http-backend'], {
    env: {
      PATH,
      GIT_PROJECT_ROOT: '/srv',
      GIT_HTTP_EXPORT_ALL: '1',
      // Whoever has a name may push.
      REMOTE_USER: 'retrain',
      REQUEST_METHOD: method,
      PATH_INFO: url.pathname,
      QUERY_STRING: url.search.slice(1),
      CONTENT_TYPE: headers['content-type'] ?? '',
      HTTP_CONTENT_ENCODING: headers['content-encoding'] ?? '',
      GIT_PROTOCOL: headers['git-protocol'] ?? '',
      ...(headers['content-length'] === undefined ? {} : { CONTENT_LENGTH: headers['content-length'] }),
    },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  request.pipe(child.stdin);
  child.stdin.on('error', () => undefined);
  const chunks = [];
  child.stdout.on('data', (chunk) => chunks.push(chunk));
  child.on('close', () => {
    const all = Buffer.concat(chunks);
    const end = all.indexOf('\r\n\r\n');
    const lines = all.subarray(0, end).toString().split('\r\n');
    const fields = lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]);
    const { Status = '200', ...rest } = Object.fromEntries(fields);
    response.writeHead(parseInt(Status, 10), rest).end(all.subarray(end + 4));
  });
}).listen(8080);
