import type { Context } from '../../terminal/context.ts';
import { CliError } from '../../errors/cli-error.ts';

/** Where Prometheus is, and who asks. */
export interface PrometheusSettings {
  /** Of its root, with a slash at the end; a path is kept as the prefix of a proxy, of Thanos or of Mimir. */
  readonly url: string;
  /** Value of the header `Authorization`. */
  readonly authorization: string | undefined;
}

/**
 * The settings of a command line and its environment: PROMETHEUS_TOKEN, or PROMETHEUS_USERNAME and PROMETHEUS_PASSWORD.
 *
 * @throws CliError USAGE.
 */
export function prometheusSettings(text: string, env: Context['env']): PrometheusSettings {
  const hint = 'Give the address of Prometheus, such as http://localhost:9090.';
  let url: URL;
  try {
    url = new URL(text);
  } catch (cause) {
    throw new CliError('USAGE', `--prometheus is no URL; expected http:// or https:// and a host.`, hint, cause);
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new CliError('USAGE', '--prometheus does not begin with http:// or https://.', hint);
  if (url.username !== '' || url.password !== '')
    throw new CliError(
      'USAGE',
      '--prometheus holds a user name or password, which would end up in logs.',
      'Set PROMETHEUS_USERNAME and PROMETHEUS_PASSWORD, or PROMETHEUS_TOKEN, instead.',
    );
  return { url: `${url.origin}${url.pathname.replace(/\/*$/, '')}/`, authorization: authorizationOf(env) };
}

function authorizationOf(env: Context['env']): string | undefined {
  const { PROMETHEUS_TOKEN: token, PROMETHEUS_USERNAME: username, PROMETHEUS_PASSWORD: password } = env;
  const given = (value: string | undefined): value is string => value !== undefined && value !== '';
  if (given(token) && given(username))
    throw new CliError('USAGE', 'PROMETHEUS_TOKEN and PROMETHEUS_USERNAME are both set.', 'Unset one of them.');
  // A header with a line break would be two.
  if ([token, username, password].some((value) => value !== undefined && /[\r\n]/.test(value)))
    throw new CliError(
      'USAGE',
      'The credentials of Prometheus hold a line break.',
      'Set PROMETHEUS_TOKEN without the line break at its end, as by $(cat FILE).',
    );
  if (given(token)) return `Bearer ${token}`;
  if (given(username)) return `Basic ${Buffer.from(`${username}:${password ?? ''}`).toString('base64')}`;
  return undefined;
}
