import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateBucketCommand, GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { describeWhenSet } from '@pawl/test-kit/when-set';
import { pushRuns } from '../src/ml/tracking/push-runs.ts';
import { startRun } from '../src/ml/tracking/start-run.ts';
import { Mlflow, recordedRun, trackingContext } from './support/mlflow.ts';
import { startPostgres, type Postgres } from './support/postgres.ts';
import { freePort } from '@pawl/test-kit/free-port';
import type { Server } from '@pawl/test-kit/server-process';
import { training } from './support/training-run.ts';

/** Python's imports on a busy machine, and a database made from nothing. */
import.meta.jest.setTimeout(900_000);

const LARGE = 64 * 2 ** 20;

describeWhenSet('PAWL_TEST_MLFLOW', 'a real MLflow with PostgreSQL and S3', (executable) => {
  describeWhenSet('PAWL_TEST_POSTGRES', 'on a real PostgreSQL', (bin) => {
    describeWhenSet('PAWL_TEST_S3_ENDPOINT', 'and a real S3 store', (endpoint) => {
      const bucket = `mlflow-${process.pid}-${Date.now()}`;
      let folder: string;
      let postgres: Postgres | undefined;
      let server: Server;
      let running: Server | undefined;
      let port: number;
      let flags: readonly string[];
      const s3 = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true });
      const keys = async (prefix: string) =>
        ((await s3.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix }))).Contents ?? []).map(
          ({ Key }) => Key ?? '',
        );
      const storeEnv = { MLFLOW_S3_ENDPOINT_URL: endpoint, AWS_DEFAULT_REGION: 'us-east-1' };
      const mlflow = new Mlflow(executable, storeEnv);
      const start = () => mlflow.start(port, flags, storeEnv);

      beforeAll(async () => {
        folder = await mkdtemp(join(tmpdir(), 'pawl-mlflow-'));
        postgres = await startPostgres(bin);
        await s3.send(new CreateBucketCommand({ Bucket: bucket }));
        port = await freePort();
        flags = ['--backend-store-uri', postgres.url, '--artifacts-destination', `s3://${bucket}/proxied`];
        server = running = await start();
      });
      afterAll(async () => {
        mlflow.close();
        await running?.kill();
        await postgres?.[Symbol.asyncDispose]();
        s3.destroy();
        await rm(folder, { recursive: true, force: true });
      });

      it.each(['proxied', 'direct'])('artifacts go to S3, %s', async (way) => {
        if (way === 'direct') {
          const made = await fetch(`${server.url}/api/2.0/mlflow/experiments/create`, {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify({ name: way, artifact_location: `s3://${bucket}/direct` }),
          });
          expect(made.status).toBe(200);
        }
        const context = trackingContext({ MLFLOW_TRACKING_URI: server.url, ...storeEnv });
        const options = { context, runsFolder: join(folder, way), experiment: way, tags: {} };
        const run = await training.start(options);
        await training.epoch(run, 1);
        const large = join(folder, 'large.bin');
        await writeFile(large, Buffer.alloc(LARGE, way));
        await run.artifact({ source: large, path: 'bundle/large.bin' });
        await training.finish(run, folder);
        expect(context.err()).toBe('');

        const there = await mlflow.read(server.url, way, 'catdog');
        const here = await recordedRun(options.runsFolder, way);
        expect(there.runs).toHaveLength(1);
        expect(there.runs[0]?.metrics).toEqual(here.metrics);
        expect(there.runs[0]?.params).toEqual(here.params);
        expect(there.candidate).toBe(way === 'proxied' ? '1' : '2');
        const found = await keys(`${way}/`);
        expect(found.filter((key) => key.endsWith('/model/MLmodel'))).toHaveLength(1);
        const key = found.find((name) => name.endsWith('/bundle/large.bin'));
        const object = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key ?? '' }));
        expect(Buffer.alloc(LARGE, way).equals(Buffer.from(await object.Body!.transformToByteArray()))).toBe(true);
      });

      it('a server that is killed and started again gets the rest', async () => {
        const context = trackingContext({ MLFLOW_TRACKING_URI: server.url, ...storeEnv });
        const options = { context, runsFolder: join(folder, 'away'), experiment: 'away', tags: {} };
        const run = await training.start(options);
        await training.epoch(run, 1);
        await server.kill();
        await training.epoch(run, 2);
        await training.finish(run, folder);
        expect(context.err()).toMatch(/cannot be used now/);

        server = running = await start();
        const settings = { kind: 'server', url: server.url, authorization: undefined } as const;
        const results: string[] = [];
        for (let times = 0; times < 2; times += 1)
          await pushRuns(options.runsFolder, settings, context, ({ result }) => results.push(result));
        expect(results).toEqual(['sent', 'there already']);
        const there = await mlflow.read(server.url, 'away', 'catdog');
        const here = await recordedRun(options.runsFolder, 'away');
        expect(there.runs).toHaveLength(1);
        expect(there.runs[0]).toMatchObject({ id: run.runId, status: 'FINISHED' });
        expect(there.runs[0]?.metrics).toEqual(here.metrics);
        expect(there.runs[0]?.artifacts).toEqual(here.artifacts);
      });

      it('artifacts that only the server can write are refused before any work', async () => {
        await fetch(`${server.url}/api/2.0/mlflow/experiments/create`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ name: 'gcs', artifact_location: 'gs://bucket/somewhere' }),
        });
        const context = trackingContext({ MLFLOW_TRACKING_URI: server.url });
        const options = { context, runsFolder: join(folder, 'gcs'), experiment: 'gcs', tags: {} };
        await expect(startRun(options)).rejects.toMatchObject({
          code: 'TRACKING_REFUSED',
          hint: expect.stringContaining('--serve-artifacts'),
        });
        const { runs } = await mlflow.read(server.url, 'gcs', 'catdog').catch(() => ({ runs: [] }));
        expect(runs.every(({ status }) => status === 'FAILED')).toBe(true);
      });
    });
  });
});
