import type { Readable } from 'node:stream';
import type { S3Client } from '@aws-sdk/client-s3';
import { PawlError } from '../../errors/pawl-error.ts';
import { codeOf } from '../../errors/system-error.ts';
import { AddressProblem } from './address.ts';
import { proxyOptions } from './proxy.ts';
import { errorOfStatus, unreachable, type StoreFile, type WritableStore } from './store.ts';

/** How S3 is reached; what is left out comes from the AWS SDK's own chain (AWS_REGION, AWS_PROFILE, roles ...). */
export interface S3StoreOptions {
  /** URL of a service that is not AWS's, such as MinIO. */
  readonly endpoint?: string | undefined;
  readonly region?: string | undefined;
  /** Put the bucket in the path instead of the host name; most services other than AWS's want it. */
  readonly forcePathStyle?: boolean | undefined;
  /** Instead of the SDK's credential chain. */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string } | undefined;
}

/** Largest object that one PutObject takes, bytes (Amazon S3 user guide). */
const MAX_PUT_BYTES = 5 * 1024 ** 3;

/** What the SDK would say on the console; everything that matters is in the errors. */
const silence = {
  trace: () => undefined,
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

/** User metadata that says what an object holds. */
const DIGEST_METADATA = 'pawl-digest';

/** `s3://bucket/prefix`. */
export interface S3Location {
  readonly kind: 's3';
  readonly bucket: string;
  /** Without slash at either end; may be empty. */
  readonly prefix: string;
  readonly display: string;
}

/** Pure: takes an `s3://` address apart. @throws AddressProblem */
export function parseS3(uri: string): S3Location {
  const match = /^(?<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(?<prefix>.*))?$/.exec(
    uri.slice('s3://'.length),
  )?.groups;
  if (match?.bucket === undefined) throw new AddressProblem('expected s3://bucket/prefix');
  const prefix = (match.prefix ?? '').replace(/\/+$/, '');
  if (prefix.split('/').some((part, _, all) => (part === '' && all.length > 1) || part === '.' || part === '..'))
    throw new AddressProblem('the prefix of an s3:// address has an empty, "." or ".." part');
  if (/[?#\s]/.test(prefix)) throw new AddressProblem('the prefix of an s3:// address has a character ? # or a space');
  return { kind: 's3', bucket: match.bucket, prefix, display: `s3://${match.bucket}/${prefix}` };
}

/** A bundle below a prefix of an S3 bucket, one object a file. The SDK is loaded here and nowhere else. */
export async function s3Store(location: S3Location, options: S3StoreOptions): Promise<WritableStore> {
  const { S3Client, GetObjectCommand, HeadObjectCommand, ListObjectsV2Command, PutObjectCommand } =
    await import('@aws-sdk/client-s3');
  const endpoint = options.endpoint !== undefined && URL.canParse(options.endpoint) ? options.endpoint : undefined;
  const proxy = proxyOptions(endpoint === undefined ? undefined : new URL(endpoint).hostname);
  const client: S3Client = new S3Client({
    // Any region will do where an endpoint is named; AWS's own endpoints need the real one.
    ...(options.region === undefined
      ? options.endpoint === undefined
        ? {}
        : fallbackRegion()
      : { region: options.region }),
    ...(options.endpoint === undefined ? {} : { endpoint: options.endpoint }),
    // Services other than AWS's seldom have a host name a bucket.
    forcePathStyle: options.forcePathStyle ?? options.endpoint !== undefined,
    ...(options.credentials === undefined ? {} : { credentials: options.credentials }),
    ...(proxy === undefined ? {} : { requestHandler: { httpAgent: proxy, httpsAgent: proxy } }),
    // Retries are the caller's policy, in one place.
    maxAttempts: 1,
    logger: silence,
    // Every file has its sha256; the SDK's default CRC trailers are refused by many services other than AWS's.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
  const keyOf = (path: string) => [location.prefix, path].filter((part) => part !== '').join('/');
  const at = (path: string) => ({ Bucket: location.bucket, Key: keyOf(path) });
  const named = (path: string) => `s3://${location.bucket}/${keyOf(path)}`;

  return {
    display: location.display,
    read: async (path, { offset = 0, signal }) => {
      const get = async (range: { readonly Range?: string }) =>
        await client.send(new GetObjectCommand({ ...at(path), ...range }), { abortSignal: signal });
      let start = offset;
      const answer = await get(offset > 0 ? { Range: `bytes=${offset}-` } : {})
        .catch(async (error: unknown) => {
          if (offset === 0 || statusOf(error) !== 416) throw error;
          start = 0;
          return await get({});
        })
        .catch((error: unknown) => {
          throw s3Error(error, named(path), signal);
        });
      if (answer.ContentRange === undefined) start = 0;
      const size = answer.ContentLength === undefined ? undefined : answer.ContentLength + start;
      return { stream: answer.Body as Readable, offset: start, size };
    },
    list: async function* ({ signal }) {
      const { prefix, bucket } = location;
      const folder = prefix === '' ? '' : `${prefix}/`;
      let token: string | undefined;
      do {
        const page = await client
          .send(
            new ListObjectsV2Command({
              Bucket: bucket,
              Prefix: prefix,
              ...(token === undefined ? {} : { ContinuationToken: token }),
            }),
            { abortSignal: signal },
          )
          .catch((error: unknown) => {
            throw s3Error(error, location.display, signal);
          });
        for (const { Key = '', Size = 0 } of page.Contents ?? [])
          // `a/b` is a prefix of `a/bc` too, which is not below it.
          if (Key === prefix) yield { path: '', size: Size };
          else if (Key.startsWith(folder) && !Key.endsWith('/')) yield { path: Key.slice(folder.length), size: Size };
        token = page.NextContinuationToken;
      } while (token !== undefined);
    },
    has: async (file, { signal }) => {
      try {
        const head = await client.send(new HeadObjectCommand(at(file.path)), { abortSignal: signal });
        return head.ContentLength === file.size && head.Metadata?.[DIGEST_METADATA] === file.digest;
      } catch (error) {
        const known = s3Error(error, named(file.path), signal);
        if (known instanceof PawlError && known.code === 'BUNDLE_NOT_FOUND') return false;
        throw known;
      }
    },
    write: async (file, { signal }) => {
      if (file.size > MAX_PUT_BYTES)
        throw new PawlError('BUNDLE_TOO_LARGE', {
          message: `${file.path} has ${file.size} bytes; expected at most ${MAX_PUT_BYTES} for S3`,
        });
      const put = new PutObjectCommand({
        ...at(file.path),
        Body: file.open(),
        ContentLength: file.size,
        Metadata: { [DIGEST_METADATA]: file.digest },
      });
      // The signature then covers the content, and the service refuses other bytes (SigV4, x-amz-content-sha256).
      put.middlewareStack.add(withContentDigest(file), { step: 'build', name: 'pawlContentDigest' });
      await client.send(put, { abortSignal: signal }).catch((error: unknown) => {
        throw s3Error(error, named(file.path), signal);
      });
    },
    close: () => {
      client.destroy();
    },
  };
}

const fallbackRegion = () => (process.env['AWS_REGION'] === undefined ? { region: 'us-east-1' } : {});

type Next<Args, Result> = (args: Args) => Promise<Result>;

function withContentDigest(file: StoreFile) {
  return <Args extends { request: unknown }, Result>(next: Next<Args, Result>): Next<Args, Result> =>
    async (args) => {
      const request = args.request as { headers: Record<string, string> };
      request.headers['x-amz-content-sha256'] = file.digest.slice('sha256:'.length);
      return await next(args);
    };
}

function statusOf(error: unknown): number | undefined {
  const { $metadata } = error as { readonly $metadata?: { readonly httpStatusCode?: number } };
  return $metadata?.httpStatusCode;
}

/** The SDK's errors carry requests and signatures: only status, name and code are taken over. */
function s3Error(error: unknown, what: string, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  if (error instanceof PawlError) return error;
  const status = statusOf(error);
  const { name = '', message = '' } = (error ?? {}) as Partial<Error>;
  // Services say by name what they say by different statuses: an expired token is 400, an unknown user 403 or 404.
  if (/AccessKey|AccessDenied|Signature|UserNotFound|ExpiredToken|InvalidToken/.test(name))
    return errorOfStatus(403, what);
  if (status !== undefined && status >= 300) return errorOfStatus(status, what);
  if (/Credential|TokenProvider/i.test(name))
    return new PawlError('BUNDLE_ACCESS_DENIED', { message: `there are no usable credentials for ${what} (${name})` });
  const code = codeOf(error);
  if (code === 'ERR_INVALID_URL' || (code === undefined && /region is missing|invalid url|endpoint/i.test(message)))
    return new PawlError('CONFIG_INVALID', { message: `the settings for ${what} are not usable: region or endpoint` });
  return unreachable(what, error);
}
