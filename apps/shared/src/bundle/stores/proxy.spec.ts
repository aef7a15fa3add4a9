import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { anError } from '@pawl/test-kit/bundles';
import { httpRequest, readBody } from './http-client.ts';
import { proxyOptions } from './proxy.ts';
import { s3Store, parseS3 } from './s3.ts';

describe('proxyOptions', () => {
  const environment = { HTTPS_PROXY: 'http://proxy.example:3128', NO_PROXY: '.inside' };

  it.each(['localhost', '127.0.0.1', '[::1]'])('leaves %s alone', (host) => {
    expect(proxyOptions(host, environment)).toBeUndefined();
  });

  it.each([{}, { HTTPS_PROXY: '', http_proxy: '' }, { NO_PROXY: '*' }])('are none without a proxy: %j', (none) => {
    expect(proxyOptions('registry.example', none)).toBeUndefined();
  });

  it.each(['HTTP_PROXY', 'HTTPS_PROXY', 'http_proxy', 'https_proxy'])('are those of %s', (name) => {
    const named = { [name]: 'http://proxy.example:3128' };
    expect(proxyOptions('registry.example', named)).toMatchObject({ proxyEnv: named });
    expect(proxyOptions(undefined, named)).toMatchObject({ proxyEnv: named });
  });
});

describe('a store behind a proxy', () => {
  /** What was asked of the proxy, by method and target. */
  const asked: string[] = [];
  let proxy: Server;
  const before = { ...process.env };

  beforeAll(async () => {
    proxy = createServer((request, response) => {
      asked.push(`${request.method} ${request.url}`);
      response.end('from the proxy');
    });
    proxy.on('connect', (request, socket) => {
      asked.push(`CONNECT ${request.url}`);
      socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
    });
    await once(proxy.listen(0, '127.0.0.1'), 'listening');
    const address = `http://user:s3cr3t@127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    Object.assign(process.env, { HTTP_PROXY: address, HTTPS_PROXY: address, NO_PROXY: '.inside.test' });
  });
  afterAll(() => {
    process.env = before;
    proxy.close();
  });
  beforeEach(() => {
    asked.length = 0;
  });

  const get = (url: string) => httpRequest({ url: new URL(url), signal: AbortSignal.timeout(20_000), allowHttp: true });

  it('is asked through it', async () => {
    const response = await get('http://store.test/manifest.json');
    expect((await readBody(response, 100)).toString()).toBe('from the proxy');
    expect(asked).toEqual(['GET http://store.test/manifest.json']);
  });

  it('says that the proxy refuses, and not with which password', async () => {
    const refused = get('https://store.test/manifest.json');
    await expect(refused).rejects.toThrow(
      anError({ code: 'BUNDLE_STORE_UNREACHABLE', message: expect.stringContaining('proxy refuses') }),
    );
    await expect(refused).rejects.not.toThrow(/s3cr3t/);
    expect(asked).toEqual(['CONNECT store.test:443']);
  });

  it('is asked directly where NO_PROXY names it', async () => {
    await expect(get('http://store.inside.test/')).rejects.toThrow(anError({ code: 'BUNDLE_STORE_UNREACHABLE' }));
    expect(asked).toEqual([]);
  });

  it('is asked through it by the client of S3 too', async () => {
    const credentials = { accessKeyId: 'a', secretAccessKey: 'b' };
    const store = await s3Store(parseS3('s3://bucket/folder'), { endpoint: 'http://minio.test', credentials });
    const { stream } = await store.read('manifest.json', { signal: AbortSignal.timeout(20_000) });
    stream.destroy();
    store.close();
    expect(asked).toEqual([expect.stringMatching(/^GET http:\/\/minio\.test\/bucket\/folder\/manifest\.json/)]);
  });
});
