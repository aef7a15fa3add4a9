import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Cluster } from './cluster.ts';
import { connect } from './connect.ts';

/** What an API server answers, made up: the real one is asked in test/real-cluster.spec.ts. */
type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** More than an answer of this process takes on the busiest machine, ms. */
const PATIENCE_MS = 60_000;
/** For the server that says nothing, ms. */
const IMPATIENCE_MS = 300;

const status = (code: number, body: object): Answer => {
  return (_, response) => {
    response.writeHead(code, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify({ kind: 'Status', status: 'Failure', code, ...body }));
  };
};

describe('the cluster of a kubeconfig', () => {
  let server: Server;
  let folder: string;
  let answer: Answer;
  const clusters: Cluster[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pawl-cli-'));
    server = createServer((request, response) => {
      answer(request, response);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });

  afterAll(async () => {
    await Promise.all(clusters.map((cluster) => cluster.close()));
    server.closeAllConnections();
    server.close();
    await rm(folder, { recursive: true });
  });

  async function kubeconfig(
    port: number,
    user: object = { token: 'secret-token' },
    namespace = 'demo',
  ): Promise<string> {
    const path = join(folder, `kubeconfig-${Math.random()}`);
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'test',
      // The library speaks plain HTTP only when asked not to verify.
      clusters: [{ name: 'c', cluster: { server: `http://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true } }],
      users: [{ name: 'u', user }],
      contexts: [{ name: 'test', context: { cluster: 'c', user: 'u', namespace } }],
    };
    await writeFile(path, JSON.stringify(config));
    return path;
  }

  interface Opening {
    readonly user?: object;
    readonly port?: number;
    readonly requestTimeoutMs?: number;
    readonly signal?: AbortSignal;
  }

  async function open(opening: Opening = {}): Promise<Cluster> {
    const { user, port, requestTimeoutMs = PATIENCE_MS, signal = new AbortController().signal } = opening;
    const path = await kubeconfig(port ?? (server.address() as AddressInfo).port, user);
    const cluster = connect({ kubeconfig: path, requestTimeoutMs, signal });
    clusters.push(cluster);
    return cluster;
  }

  describe('the Lease of the controller', () => {
    const lease = { metadata: { name: 'x' }, spec: { renewTime: '2026-11-21T12:00:00.000000Z' } };
    const controller = (env: object) => ({
      metadata: {},
      spec: { template: { spec: { containers: [{ env: [env] }] } } },
    });
    /** Answers with these Deployments, or by 403, and with a Lease; the paths that were asked. */
    const answerWith = (deployments: readonly object[] | 403): string[] => {
      const asked: string[] = [];
      answer = (request, response) => {
        const url = request.url ?? '';
        asked.push(decodeURIComponent(url.replace(/&limit=.*/, '')));
        if (url.includes('/leases/')) response.end(JSON.stringify(lease));
        else if (deployments === 403) status(403, { reason: 'Forbidden', message: 'no' })(request, response);
        else response.end(JSON.stringify({ metadata: {}, items: deployments }));
      };
      return asked;
    };
    const path = (name: string, namespace = 'demo') =>
      `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/${name}`;

    it.each([
      ['has the name that its Deployment says', [controller({ name: 'LEASE_NAME', value: 'mine' })], 'mine'],
      [
        'has the usual name where no Deployment says one',
        [controller({ name: 'PORT', value: '1' })],
        'pawl-controller',
      ],
      ['has the usual name where Deployments may not be listed', 403, 'pawl-controller'],
    ] as const)('%s', async (_, deployments, name) => {
      const asked = answerWith(deployments);
      expect(await (await open()).controllerLease()).toMatchObject({ spec: lease.spec });
      expect(asked[0]).toContain('labelSelector=app.kubernetes.io/component=controller');
      expect(asked.at(-1)).toBe(path(name));
    });

    it('is read in another namespace too', async () => {
      const asked = answerWith([]);
      await (await open()).controllerLease('there');
      expect(asked[0]).toContain('/namespaces/there/deployments');
      expect(asked.at(-1)).toBe(path('pawl-controller', 'there'));
    });

    it('may be one that the user may not read', async () => {
      answer = status(403, { reason: 'Forbidden', message: 'no' });
      await expect((await open()).controllerLease()).rejects.toMatchObject({
        code: 'CLUSTER_FORBIDDEN',
        message: 'you may not read Lease pawl-controller in namespace demo: no',
      });
    });
  });

  it('lists with the credentials and the namespace of the context', async () => {
    let seen: IncomingMessage | undefined;
    answer = (request, response) => {
      seen = request;
      response.end(JSON.stringify({ metadata: { resourceVersion: '1' }, items: [{ spec: {} }] }));
    };
    const cluster = await open();
    expect(cluster.namespace).toBe('demo');
    const found = { apiVersion: 'pawl.dev/v1alpha1', kind: 'ModelVersion', spec: {} };
    expect(await cluster.modelVersions()).toEqual([found]);
    expect(seen?.url).toBe('/apis/pawl.dev/v1alpha1/namespaces/demo/modelversions?limit=500');
    expect(seen?.headers).toMatchObject({ authorization: 'Bearer secret-token', 'user-agent': 'pawl-cli' });
  });

  const missing = { message: 'the server could not find the requested resource', reason: 'NotFound', details: {} };

  it.each<[string, Answer, string, RegExp]>([
    ['401', status(401, { message: 'Unauthorized' }), 'CLUSTER_UNAUTHENTICATED', /does not accept your credentials/],
    [
      '403',
      status(403, { message: 'User "x" cannot list resource' }),
      'CLUSTER_FORBIDDEN',
      /you may not list ModelVersions in namespace demo: User "x"/,
    ],
    ['404 of the type', status(404, missing), 'CRD_MISSING', /does not know ModelVersions/],
    [
      '404 page not found',
      (_, response) => {
        response.writeHead(404).end('404 page not found\n');
      },
      'CRD_MISSING',
      /does not know/,
    ],
    ['400', status(400, { message: 'bad selector' }), 'CLUSTER_REFUSED', /HTTP 400, bad selector/],
    ['429', status(429, { message: 'slow down' }), 'CLUSTER_UNREACHABLE', /cannot answer now: HTTP 429, slow down/],
    [
      '503 of a proxy',
      (_, response) => {
        response.writeHead(503).end('<html>\nno');
      },
      'CLUSTER_UNREACHABLE',
      /HTTP 503, <html>/,
    ],
    [
      'a cut connection',
      (request) => {
        request.socket.destroy();
      },
      'CLUSTER_UNREACHABLE',
      /the connection was cut/,
    ],
    [
      'a redirect',
      (_, response) => {
        response.writeHead(302, { location: '/login' }).end();
      },
      'CLUSTER_UNREACHABLE',
      /unexpected redirect/,
    ],
    [
      'a page of something else',
      (_, response) => {
        response.end('<html>');
      },
      'CLUSTER_UNREACHABLE',
      /what answers there is no API server/,
    ],
  ])('%s', async (_, reply, code, message) => {
    answer = reply;
    const cluster = await open();
    await expect(cluster.modelVersions()).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message) as string,
    });
  });

  it('silence', async () => {
    answer = () => undefined;
    const cluster = await open({ requestTimeoutMs: IMPATIENCE_MS });
    await expect(cluster.modelVersions()).rejects.toMatchObject({
      code: 'CLUSTER_UNREACHABLE',
      message: expect.stringContaining('did not answer within 0.3 s') as string,
    });
  });

  it('tells an object that is not there from a type that is not', async () => {
    const cluster = await open();
    answer = status(404, { reason: 'NotFound', details: { name: 'x', kind: 'modelversions' } });
    expect(await cluster.modelVersion('x')).toBeUndefined();
    await expect(cluster.patchModelVersion('x', {})).rejects.toMatchObject({ code: 'VERSION_NOT_FOUND' });
    answer = status(404, missing);
    await expect(cluster.modelVersion('x')).rejects.toMatchObject({ code: 'CRD_MISSING' });
  });

  it('reads every page of a list, and metadata alone of policies', async () => {
    const seen: (readonly [string | undefined, string | undefined])[] = [];
    answer = (request, response) => {
      seen.push([request.url, request.headers.accept]);
      const isFirst = !request.url!.includes('continue');
      const metadata = { resourceVersion: '1', ...(isFirst && { continue: 'next' }) };
      response.end(JSON.stringify({ metadata, items: [{ metadata: { name: isFirst ? 'a' : 'b' } }] }));
    };
    const found = await (await open()).configMaps('pawl.dev/model=catdog');
    expect(found.map(({ metadata }) => metadata.name)).toEqual(['a', 'b']);
    const path = '/api/v1/namespaces/demo/configmaps?labelSelector=pawl.dev%2Fmodel%3Dcatdog&limit=500';
    const accept = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';
    expect(seen).toEqual([
      [path, accept],
      [`${path}&continue=next`, accept],
    ]);
  });

  it('is interrupted', async () => {
    const stop = new AbortController();
    const asked = Promise.withResolvers<undefined>();
    answer = () => {
      asked.resolve(undefined);
    };
    const call = (await open({ signal: stop.signal })).modelVersions();
    await asked.promise;
    stop.abort();
    await expect(call).rejects.toMatchObject({ code: 'INTERRUPTED' });
  });

  it('a conflict is told as such', async () => {
    answer = status(409, { message: 'Precondition failed: UID in precondition' });
    await expect((await open()).patchModelVersion('x', {})).rejects.toMatchObject({ code: 'CONFLICT' });
  });

  it('nobody there', async () => {
    const vacant = createServer();
    await new Promise<void>((resolve) => vacant.listen(0, '127.0.0.1', resolve));
    const { port } = vacant.address() as AddressInfo;
    await new Promise((resolve) => vacant.close(resolve));
    const cluster = await open({ port });
    await expect(cluster.modelVersions()).rejects.toMatchObject({
      code: 'CLUSTER_UNREACHABLE',
      message: expect.stringContaining('the connection was refused') as string,
      transient: true,
    });
  });

  it('runs the credential plugin of the user, and says when it cannot', async () => {
    const credential = {
      apiVersion: 'client.authentication.k8s.io/v1',
      kind: 'ExecCredential',
      status: { token: 'of-plugin' },
    };
    const plugin = join(folder, 'plugin.sh');
    await writeFile(plugin, `#!/bin/sh\necho '${JSON.stringify(credential)}'\n`, { mode: 0o755 });
    let authorization: string | undefined;
    answer = (request, response) => {
      authorization = request.headers.authorization;
      response.end('{"metadata":{},"items":[]}');
    };
    const exec = (command: string) => ({ user: { exec: { apiVersion: 'client.authentication.k8s.io/v1', command } } });
    await (await open(exec(plugin))).modelVersions();
    expect(authorization).toBe('Bearer of-plugin');
    await expect((await open(exec('/no/such/plugin'))).modelVersions()).rejects.toMatchObject({
      code: 'CLUSTER_UNAUTHENTICATED',
    });
  });

  it.each([
    ['a kubeconfig that is not there', { kubeconfig: '/no/such/file' }, /cannot read the kubeconfig \/no\/such\/file/],
  ])('%s', (_, options, message) => {
    const open = () => connect({ ...options, requestTimeoutMs: PATIENCE_MS, signal: new AbortController().signal });
    expect(open).toThrow(message);
  });

  it('a context that is not there names those that are', async () => {
    const path = await kubeconfig(1);
    const signal = new AbortController().signal;
    expect(() => connect({ kubeconfig: path, context: 'prod', requestTimeoutMs: PATIENCE_MS, signal })).toThrow(
      expect.objectContaining({ code: 'KUBECONFIG_INVALID', hint: 'Choose one with --context: test.' }) as Error,
    );
  });
});
