import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeServer, status } from '@pawl/shared/kubernetes/test/fake-server';
import { TestCluster, pathOf } from './cluster.ts';

describe('the cluster of the scenarios', () => {
  const server = new FakeServer();
  let folder: string;
  let cluster: TestCluster;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pawl-e2e-'));
    const kubeconfig = join(folder, 'kubeconfig');
    const address = await server.start();
    await writeFile(
      kubeconfig,
      JSON.stringify({
        'current-context': 'c',
        clusters: [{ name: 'c', cluster: { server: address, 'insecure-skip-tls-verify': true } }],
        users: [{ name: 'c', user: { token: 'token' } }],
        contexts: [{ name: 'c', context: { cluster: 'c', user: 'c' } }],
      }),
    );
    cluster = new TestCluster(kubeconfig);
  });
  afterAll(async () => {
    await cluster.close();
    await server.stop();
    await rm(folder, { recursive: true });
  });

  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' } };

  it('asks by path, in every way', async () => {
    const events = `${JSON.stringify({ type: 'ADDED', object: pod })}\n`;
    server.answers.push(
      { status: 200, json: pod },
      { status: 200, json: { items: [pod] } },
      { status: 200, json: pod },
      { status: 200, json: pod },
      { status: 201, json: pod },
      { status: 200, json: {} },
      (response) => response.end('ready'),
      (response) => response.end(events),
    );
    const path = pathOf.pods('ns', 'a');
    expect(await cluster.get(path)).toEqual(pod);
    expect(await cluster.list(pathOf.pods('ns'), 'a=b')).toEqual([pod]);
    await cluster.apply(path, pod);
    await cluster.patch(path, { spec: {} });
    await cluster.post(`${path}/eviction`, {});
    await cluster.delete(path, { gracePeriodSeconds: 0 });
    expect(await cluster.text('/readyz')).toBe('ready');
    const seen = [];
    for await (const event of cluster.watch(pathOf.pods('ns'), '5', new AbortController().signal)) seen.push(event);
    expect(seen).toEqual([{ type: 'ADDED', object: pod }]);
    expect(
      server.received.map((each) => [each.method, `${each.path}?${each.query.toString()}`, each.body ?? null]),
    ).toEqual([
      ['GET', `${path}?`, null],
      ['GET', '/api/v1/namespaces/ns/pods?labelSelector=a%3Db', null],
      ['PATCH', `${path}?fieldManager=pawl-e2e&force=true`, pod],
      ['PATCH', `${path}?`, { spec: {} }],
      ['POST', `${path}/eviction?`, {}],
      ['DELETE', `${path}?`, { gracePeriodSeconds: 0 }],
      ['GET', '/readyz?', null],
      [
        'GET',
        '/api/v1/namespaces/ns/pods?watch=true&allowWatchBookmarks=true&timeoutSeconds=600&resourceVersion=5',
        null,
      ],
    ]);
  });

  it('takes what is not there for undefined, and for deleted', async () => {
    const missing = { status: 404, json: status(404, 'NotFound', 'no', { name: 'a' }) };
    server.answers.push(missing, missing, missing);
    expect(await cluster.find(pathOf.pods('ns', 'a'))).toBeUndefined();
    await cluster.delete(pathOf.pods('ns', 'a'));
    await expect(cluster.get(pathOf.pods('ns', 'a'))).rejects.toMatchObject({ status: 404 });
  });
});
