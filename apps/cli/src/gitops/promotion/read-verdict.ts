import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import { withinMs } from '@pawl/shared/concurrency/deadline';
import { codeOf, isMissing } from '@pawl/shared/errors/system-error';
import type { ConnectOptions } from '../../cluster/connection/cluster.ts';
import type { ClusterContext } from '../../cluster/cluster-context.ts';
import type { Context } from '../../terminal/context.ts';
import { CliError } from '../../errors/cli-error.ts';
import { networkProblem } from '../../errors/network.ts';
import { assertNamespace } from '../../cluster/model-version/find.ts';
import { invalid, parseVerdict, type ObservedVersion } from './verdict.ts';

/** Where verdicts come from. */
export type VerdictSource =
  | {
      readonly kind: 'cluster';
      /** Without a namespace: the environment's, else the context's. */
      readonly options: ConnectOptions;
    }
  | {
      readonly kind: 'file';
      /** A file, or an http(s) address; one that ends in `/` is a folder of verdicts by the names of the objects. */
      readonly location: string;
      /** Namespace that it must be of, in place of the environment's. */
      readonly namespace: string | undefined;
      /** Longest wait for the whole answer of an address, ms. */
      readonly timeoutMs: number;
    };

/** Largest verdict, bytes; the API server itself takes no object above 1.5 MiB. */
const MOST_BYTES = 2 * 1024 * 1024;

/**
 * Reads what an environment says of one ModelVersion.
 *
 * @param name of the object.
 * @param namespace of the environment, where that is known; asked only of a cluster.
 * @throws CliError VERDICT_NOT_FOUND, VERDICT_INVALID, VERDICT_UNREACHABLE, USAGE, or of the cluster.
 */
export async function readVerdict(
  context: ClusterContext,
  source: VerdictSource,
  name: string,
  namespace: string | undefined,
): Promise<ObservedVersion> {
  if (source.kind === 'cluster') return await readFromCluster(context, source.options, name, namespace);
  const { location, timeoutMs } = source;
  const isAddress = /^[a-z][a-z0-9+.-]*:\/\//i.test(location);
  const [text, where] = isAddress
    ? await fetchVerdict(context, location, name, timeoutMs)
    : [await readVerdictFile(context, location), location];
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (cause) {
    throw invalid(where, 'it is not JSON', undefined, cause);
  }
  return parseVerdict(data, where);
}

async function readFromCluster(
  context: ClusterContext,
  options: ConnectOptions,
  name: string,
  namespace: string | undefined,
): Promise<ObservedVersion> {
  const wanted = options.namespace ?? namespace;
  const cluster = await context
    .connect({ ...options, ...(wanted === undefined ? {} : { namespace: wanted }) })
    .catch((error: unknown) => {
      if (!(error instanceof CliError) || error.code !== 'KUBECONFIG_INVALID') throw error;
      const hint = `${error.hint} Without access to the cluster: --verdict FILE or URL.`;
      throw new CliError(error.code, error.message, hint, error.cause);
    });
  try {
    const found = await cluster.modelVersion(name);
    const where = `${cluster.description}, namespace ${cluster.namespace}`;
    if (found !== undefined) return parseVerdict(found, `${name} of ${where}`, context.now());
    await assertNamespace(cluster, []);
    throw new CliError(
      'VERDICT_NOT_FOUND',
      `${where} has no ModelVersion ${name}, though Git says so.`,
      'Push the release and wait for Argo CD to sync it; or name another cluster with --context, another namespace with -n.',
    );
  } finally {
    await cluster.close();
  }
}

async function readVerdictFile(context: Context, path: string): Promise<string> {
  const file = await open(resolve(context.cwd, path)).catch((cause: unknown) => {
    const code = codeOf(cause) ?? 'unknown';
    throw new CliError(
      'VERDICT_NOT_FOUND',
      isMissing(cause) ? `there is no verdict file ${path}.` : `the verdict file ${path} cannot be read (${code}).`,
      'Write one: curl -f http://CONTROLLER:PORT/verdicts/NAME > FILE',
      cause,
    );
  });
  try {
    const bytes = new Uint8Array(MOST_BYTES + 1);
    let size = 0;
    for (;;) {
      const { bytesRead } = await file.read(bytes, size, bytes.length - size, null);
      size += bytesRead;
      if (bytesRead === 0 || size === bytes.length) break;
    }
    if (size > MOST_BYTES) throw tooLarge(path);
    return Buffer.from(bytes.buffer, 0, size).toString();
  } catch (cause) {
    if (cause instanceof CliError) throw cause;
    throw invalid(path, `it cannot be read (${codeOf(cause) ?? 'unknown'})`, undefined, cause);
  } finally {
    await file.close();
  }
}

const tooLarge = (where: string): CliError => invalid(where, `it has more than ${MOST_BYTES / 1024 / 1024} MiB`);

async function fetchVerdict(
  context: Context,
  location: string,
  name: string,
  timeoutMs: number,
): Promise<readonly [text: string, where: string]> {
  const url = parseAddress(location, name);
  const where = `${url.origin}${url.pathname}`;
  const unreachable = (problem: string, cause?: unknown) =>
    new CliError(
      'VERDICT_UNREACHABLE',
      `${where} gives no verdict: ${problem}.`,
      'Check the address and that the controller of that environment runs; a verdict file will do as well: --verdict FILE.',
      cause,
    );
  context.signal.throwIfAborted();
  try {
    const response = await fetch(url, {
      headers: { accept: 'application/json' },
      redirect: 'manual',
      signal: withinMs(timeoutMs, context.signal),
    });
    if (response.ok) return [await readBody(response, where), where];
    await response.body?.cancel();
    const moved = response.headers.get('location');
    if (response.status >= 300 && response.status < 400)
      // Whoever answers for another place is not who was asked.
      throw unreachable(
        `it redirects to ${moved?.replace(/[?#].*$/, '') ?? 'nowhere'}, and redirects are not followed`,
      );
    if (response.status !== 404) throw unreachable(`HTTP ${response.status}`);
    throw new CliError(
      'VERDICT_NOT_FOUND',
      `${where} has no verdict (HTTP 404).`,
      `Check that the version is released there and synced: the controller names verdicts like the objects, ${name}.`,
    );
  } catch (error) {
    context.signal.throwIfAborted();
    if (error instanceof CliError) throw error;
    const { kind, words } = networkProblem(error);
    throw unreachable(kind === 'timeout' ? `no answer within ${timeoutMs / 1000} s` : words, error);
  }
}

function parseAddress(location: string, name: string): URL {
  const hint = 'Give the address of a verdict, such as http://localhost:9090/verdicts/, or a file.';
  let url: URL;
  try {
    url = new URL(location);
  } catch (cause) {
    throw new CliError('USAGE', `${location} is no address.`, hint, cause);
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new CliError('USAGE', `${url.protocol}// is no address of a verdict; expected http:// or https://.`, hint);
  if (url.username !== '' || url.password !== '')
    throw new CliError(
      'USAGE',
      'The address holds a user name or password, which would end up in logs.',
      'Fetch the verdict with a program that keeps them, such as curl --netrc, and give the file.',
    );
  if (url.pathname.endsWith('/')) url.pathname += encodeURIComponent(name);
  return url;
}

/** At most {@link MOST_BYTES}: what answers may never end. */
async function readBody(response: Response, where: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > MOST_BYTES) throw tooLarge(where);
  }
  return Buffer.concat(chunks).toString();
}
