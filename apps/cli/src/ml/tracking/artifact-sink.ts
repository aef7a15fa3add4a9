import { createReadStream, openAsBlob } from 'node:fs';
import { stat } from 'node:fs/promises';
import { parseBundleUri } from '@pawl/shared/bundle/bundle-uri';
import { digestOfFile } from '@pawl/shared/bundle/digest';
import { PawlError } from '@pawl/shared/errors/pawl-error';
import type { Context } from '../../terminal/context.ts';
import { CliError } from '../../errors/cli-error.ts';
import { Unreachable, type RestClient } from './rest-client.ts';

/** Where the artifacts of one run on a server go. Writing a file again replaces it. */
export interface ArtifactSink {
  /** @param file absolute. @throws Unreachable, CliError TRACKING_REFUSED; the signal's reason. */
  put(path: string, file: string): Promise<void>;
  close(): void;
}

/**
 * The sink that a run's artifact address asks for: the server's own proxy (`mlflow-artifacts:`, the default of `mlflow
 * server`), or S3 written directly (`--no-serve-artifacts`), with MLFLOW_S3_ENDPOINT_URL as MLflow has it.
 *
 * @throws CliError TRACKING_REFUSED where only the server's machine could write.
 */
export async function artifactSink(
  client: RestClient,
  artifactUri: string,
  { env, signal }: Pick<Context, 'env' | 'signal'>,
): Promise<ArtifactSink> {
  const proxied = proxyOf(artifactUri, client.url);
  if (proxied !== undefined)
    return {
      put: async (path, file) => {
        await client.upload(`${proxied.path}/${path}`, await openAsBlob(file), proxied.root);
      },
      close: () => undefined,
    };
  if (artifactUri.startsWith('s3://')) return await s3Sink(artifactUri, env, signal, client.url);
  throw new CliError(
    'TRACKING_REFUSED',
    `Artifacts of ${client.url} belong in ${schemeOf(artifactUri)}, which only the server can write.`,
    'Start it with --serve-artifacts (the default), or with an s3:// artifact root.',
  );
}

/** Pure: the server and the path below its proxy that an artifact address means; undefined where it means no proxy. */
export function proxyOf(artifactUri: string, serverUrl: string): { root: string; path: string } | undefined {
  const match = /^mlflow-artifacts:(?:\/\/([^/]*))?\/(.*)$/.exec(artifactUri);
  if (match !== null) {
    const [, host = '', path = ''] = match;
    return {
      root: host === '' ? serverUrl : `${new URL(serverUrl).protocol}//${host}`,
      path: path.replace(/\/+$/, ''),
    };
  }
  const http = /^(https?:\/\/.*?)\/api\/2\.0\/mlflow-artifacts\/artifacts\/(.*)$/.exec(artifactUri);
  return http === null ? undefined : { root: http[1] ?? '', path: (http[2] ?? '').replace(/\/+$/, '') };
}

/** Milliseconds for one object, and for each byte at the slowest rate that is waited for. */
const PUT_TIMEOUT_MS = 60_000;
const SLOWEST_UPLOAD = 50;

async function s3Sink(uri: string, env: Context['env'], signal: AbortSignal, server: string): Promise<ArtifactSink> {
  const location = parseBundleUri(uri, {});
  if (location.kind !== 's3') throw new RangeError(`not an s3 address: ${uri}`);
  const { s3Store } = await import('@pawl/shared/bundle/stores/s3');
  const store = await s3Store(location, { endpoint: env['MLFLOW_S3_ENDPOINT_URL'] ?? env['S3_ENDPOINT'] });
  return {
    put: async (path, file) => {
      const [{ size }, { digest }] = await Promise.all([stat(file), digestOfFile(file)]);
      const timeout = AbortSignal.timeout(PUT_TIMEOUT_MS + Math.ceil(size / SLOWEST_UPLOAD));
      try {
        await store.write(
          { path, size, digest, open: () => createReadStream(file) },
          { signal: AbortSignal.any([signal, timeout]) },
        );
      } catch (error) {
        if (signal.aborted) throw signal.reason as Error;
        if (error === timeout.reason || (error instanceof PawlError && error.transient))
          throw new Unreachable(server, `its artifact store ${location.display} does not answer`, undefined, error);
        if (!(error instanceof PawlError)) throw error;
        throw new CliError(
          'TRACKING_REFUSED',
          `The artifact store refuses: ${error.message}.`,
          'Give AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY that may write there, and MLFLOW_S3_ENDPOINT_URL where it is not AWS; or let the server write (--serve-artifacts).',
          error,
        );
      }
    },
    close: () => {
      store.close();
    },
  };
}

const schemeOf = (uri: string): string =>
  /^[a-z][a-z0-9+.-]*:/i.test(uri) ? uri.replace(/:.*$/, ':') : 'a folder of its own';
