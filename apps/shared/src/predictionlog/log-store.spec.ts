import { readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { aFolder, cleanFolders, rejection } from '@pawl/test-kit/bundles';
import { describeWhenSet } from '@pawl/test-kit/when-set';
import { openWritableStore } from '../bundle/stores/store-table.ts';
import { parseBundleUri } from '../bundle/bundle-uri.ts';
import { openLogStore } from './log-store.ts';

const path = '2026-11-30/20261130T034457123Z-0a1b-000001.jsonl.gz';
const bytes = Buffer.from('one line\n');
const { signal } = new AbortController();
const closers: (() => void)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0)) close();
  await cleanFolders();
});

describe('the log in a folder', () => {
  it('makes the folder, and leaves nothing but the object', async () => {
    const folder = join(await aFolder(), 'not', 'there yet');
    const store = await openLogStore(pathToFileURL(folder).href, {});
    await store.put(path, bytes, signal);
    await store.put(path, bytes, signal);
    expect(await readdir(folder, { recursive: true })).toEqual(['2026-11-30', path]);
    expect(await readFile(join(folder, path))).toEqual(bytes);
  });

  it('fails in words when the folder cannot be written to', async () => {
    const folder = await aFolder();
    await writeFile(join(folder, 'file'), '');
    const store = await openLogStore(pathToFileURL(join(folder, 'file')).href, {});
    const error = await rejection(store.put(path, bytes, signal));
    expect(error).toMatchObject({
      code: 'BUNDLE_STORE_UNREACHABLE',
      message: expect.stringMatching(/cannot be written to \((ENOTDIR|EEXIST)\)/),
    });
  });
});

it('refuses an address of a store that takes no single files', async () => {
  expect(await rejection(openLogStore('https://example.com/log', {}))).toMatchObject({ code: 'BUNDLE_URI_INVALID' });
});

/** A service that speaks no S3 but answers. */
async function anEndpoint(answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('the log in an S3 store that does not take it', () => {
  const credentials = { accessKeyId: 'key', secretAccessKey: 'secret' };

  it.each([
    [507, 'BUNDLE_STORE_UNREACHABLE', true],
    [503, 'BUNDLE_STORE_UNREACHABLE', true],
    [403, 'BUNDLE_ACCESS_DENIED', false],
    [404, 'BUNDLE_NOT_FOUND', false],
  ])('HTTP %d is %s', async (status, code, transient) => {
    const endpoint = await anEndpoint((request, response) => {
      request.resume();
      response.writeHead(status).end();
    });
    const store = await openLogStore('s3://bucket/log', { endpoint, credentials });
    closers.push(() => {
      store.close();
    });
    expect(await rejection(store.put(path, bytes, signal))).toMatchObject({ code, transient });
  });

  it('leaves a store that never answers when the signal says so', async () => {
    const stop = new AbortController();
    const endpoint = await anEndpoint(() => {
      stop.abort(new Error('enough'));
    });
    const store = await openLogStore('s3://bucket/log', { endpoint, credentials });
    closers.push(() => {
      store.close();
    });
    expect(await rejection(store.put(path, bytes, stop.signal))).toEqual(new Error('enough'));
  });
});

describeWhenSet('PAWL_TEST_S3_ENDPOINT', 'the log in a real S3 store', (endpoint) => {
  it('takes objects and lists them, those of a neighbour not among them', async () => {
    const { CreateBucketCommand, S3Client } = await import('@aws-sdk/client-s3');
    const client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true });
    const bucket = `pawl-log-${Date.now().toString(36)}${Math.random().toString(36).slice(2, 8)}`;
    await client.send(new CreateBucketCommand({ Bucket: bucket }));
    client.destroy();
    const store = await openLogStore(`s3://${bucket}/log`, { endpoint });
    const neighbour = await openLogStore(`s3://${bucket}/log-of-another`, { endpoint });
    await neighbour.put('x.jsonl.gz', bytes, signal);
    // More than a store lists at once would take long here; two are enough to see the order.
    await store.put(path, bytes, signal);
    await store.put('2026-11-29/a.jsonl.gz', bytes, signal);
    store.close();
    neighbour.close();

    const list = async (address: string): Promise<string[]> => {
      const opened = await openWritableStore(parseBundleUri(address), { s3: { endpoint } });
      const found: string[] = [];
      for await (const file of opened?.list({ signal }) ?? []) found.push(`${file.path} ${file.size}`);
      opened?.close();
      return found;
    };
    expect(await list(`s3://${bucket}/log`)).toEqual(['2026-11-29/a.jsonl.gz 9', `${path} 9`]);
    expect(await list(`s3://${bucket}/log/2026-11-29/a.jsonl.gz`)).toEqual([' 9']);
    expect(await list(`s3://${bucket}/nothing`)).toEqual([]);
    expect(await rejection(list(`s3://no-such-${bucket}/log`))).toMatchObject({ code: 'BUNDLE_NOT_FOUND' });
  });
});
