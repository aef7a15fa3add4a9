import { type Command, InvalidArgumentError, Option } from 'commander';
import { parseTime } from '../session.ts';

/** What every command takes that asks Prometheus. */
export interface PrometheusOptions {
  readonly prometheus?: string;
  readonly match: readonly (readonly [label: string, value: string])[];
  /** Seconds. */
  readonly since: number;
  /** Milliseconds. */
  readonly timeout: number;
}

export const CREDENTIALS_HELP = `
Prometheus: its address, or that of what speaks its HTTP API (Thanos, Mimir, VictoriaMetrics).
  Credentials: PROMETHEUS_TOKEN, or PROMETHEUS_USERNAME and PROMETHEUS_PASSWORD.
`;

export function withPrometheusOptions(command: Command, since: string): Command {
  return command
    .option('--prometheus <url>', 'address of Prometheus, such as http://localhost:9090')
    .addOption(
      new Option(
        '--match <label=value>',
        'only what is scraped with this label, such as namespace=prod; may be repeated',
      )
        .argParser(collectMatcher)
        .default([], 'everything'),
    )
    .addOption(
      new Option('--since <time>', 'how far back, such as 6h, 7d, 2w')
        .argParser(parseSpan)
        .default(parseSpan(since), since),
    )
    .addOption(
      new Option('--timeout <time>', 'longest wait for one answer').argParser(parseTime).default(30_000, '30s'),
    );
}

const units: Readonly<Record<string, number>> = { m: 60, h: 3600, d: 86_400, w: 604_800 };
const LONGEST_SECONDS = 366 * 86_400;

/** `90m`, `24h`, `7d`, `2w`, `1d12h` in seconds. */
function parseSpan(text: string): number {
  const parts = [...text.matchAll(/(\d{1,6})([mhdw])/g)];
  const whole = parts.map(([part]) => part).join('') === text;
  const seconds = parts.reduce((sum, [, number, unit]) => sum + Number(number) * (units[unit ?? ''] ?? NaN), 0);
  if (whole && parts.length > 0 && seconds >= 60 && seconds <= LONGEST_SECONDS) return seconds;
  throw new InvalidArgumentError('Expected a time such as 90m, 24h, 7d or 2w, at least 1m and at most a year.');
}

function collectMatcher(text: string, before: PrometheusOptions['match']): PrometheusOptions['match'] {
  const [, label, value] = /^([a-zA-Z_][a-zA-Z0-9_]*)=(.*)$/s.exec(text) ?? [];
  if (label !== undefined && value !== undefined) return [...before, [label, value]];
  throw new InvalidArgumentError('Expected LABEL=VALUE, such as namespace=prod.');
}
