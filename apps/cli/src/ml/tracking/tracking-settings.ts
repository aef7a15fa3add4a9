import { CliError } from '../../errors/cli-error.ts';
import type { Context } from '../../terminal/context.ts';

/** A tracking server and how we show who we are. */
export interface ServerSettings {
  readonly kind: 'server';
  /** Without credentials and without a slash at the end; safe to show. */
  readonly url: string;
  /** The `Authorization` header; a secret. */
  readonly authorization: string | undefined;
}

/** Where runs are recorded beside the runs folder. */
export type TrackingSettings =
  | ServerSettings
  /** No server. */
  | { readonly kind: 'none' }
  /** A folder or a database that only MLflow's own server opens. */
  | {
      readonly kind: 'store';
      /** For a sentence, such as `a folder`; without the address, which may hold a password. */
      readonly what: string;
    };

/**
 * MLflow's own variables: MLFLOW_TRACKING_URI (or `trackingUri`), MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME with
 * MLFLOW_TRACKING_PASSWORD, or both in the address.
 *
 * @throws CliError USAGE when the address is none; never repeats a secret.
 */
export function trackingSettings({ env }: Pick<Context, 'env'>, trackingUri?: string): TrackingSettings {
  const uri = trackingUri ?? env['MLFLOW_TRACKING_URI'] ?? '';
  if (uri === '') return { kind: 'none' };
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(uri)?.[1]?.toLowerCase();
  if (scheme === 'http' || scheme === 'https') return serverSettings(uri, env);
  if (scheme === undefined || scheme === 'file') return { kind: 'store', what: 'a folder' };
  if (/^(sqlite|postgresql|mysql|mssql)(\+\w+)?$/.test(scheme)) return { kind: 'store', what: `a ${scheme} database` };
  throw new CliError(
    'USAGE',
    `The tracking address has the scheme ${scheme}:; expected http:// or https://.`,
    'Set MLFLOW_TRACKING_URI to the address of an MLflow server, or unset it to record runs in a folder.',
  );
}

function serverSettings(uri: string, env: Context['env']): ServerSettings {
  if (!URL.canParse(uri))
    throw new CliError(
      'USAGE',
      'The tracking address is no URL.',
      'Set MLFLOW_TRACKING_URI, such as http://localhost:5000.',
    );
  const url = new URL(uri);
  const username = env['MLFLOW_TRACKING_USERNAME'] ?? decodeURIComponent(url.username);
  const password = env['MLFLOW_TRACKING_PASSWORD'] ?? decodeURIComponent(url.password);
  const token = env['MLFLOW_TRACKING_TOKEN'] ?? '';
  const authorization =
    username !== ''
      ? `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
      : token !== ''
        ? `Bearer ${token}`
        : undefined;
  return { kind: 'server', url: `${url.origin}${url.pathname}`.replace(/\/+$/, ''), authorization };
}
