import { createHash } from 'node:crypto';

const digestOf = (bytes: Buffer) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const CONFIG = 'application/vnd.oci.image.config.v1+json';
const LAYER = 'application/vnd.oci.image.layer.v1.tar';
const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';

/**
 * Pushes an image of one layer with some bytes, which nobody runs, over plain HTTP.
 * @returns `registry/repository@sha256:…`
 */
export async function pushSmallImage(registry: string, repository: string, content: string): Promise<string> {
  const base = `http://${registry}/v2/${repository}`;
  const send = async (url: string, init: RequestInit): Promise<Response> => {
    const response = await fetch(url, { ...init, signal: AbortSignal.timeout(30_000) });
    if (!response.ok) throw new Error(`${init.method ?? 'GET'} ${url}: ${response.status} ${await response.text()}`);
    return response;
  };
  const push = async (bytes: Buffer, mediaType: string) => {
    const started = await send(`${base}/blobs/uploads/`, { method: 'POST' });
    const url = new URL(started.headers.get('location') ?? '', base);
    url.searchParams.set('digest', digestOf(bytes));
    const headers = { 'content-type': 'application/octet-stream' };
    await send(url.href, { method: 'PUT', headers, body: new Uint8Array(bytes) });
    return { mediaType, digest: digestOf(bytes), size: bytes.length };
  };
  const layer = await push(Buffer.from(content), LAYER);
  const about = {
    architecture: 'amd64',
    os: 'linux',
    config: {},
    rootfs: { type: 'layers', diff_ids: [layer.digest] },
  };
  const config = await push(Buffer.from(JSON.stringify(about)), CONFIG);
  const manifest = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: MANIFEST, config, layers: [layer] }));
  const digest = digestOf(manifest);
  await send(`${base}/manifests/${digest}`, {
    method: 'PUT',
    headers: { 'content-type': MANIFEST },
    body: new Uint8Array(manifest),
  });
  return `${registry}/${repository}@${digest}`;
}
