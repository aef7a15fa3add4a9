import { CliError } from '../../errors/cli-error.ts';

/** A label and the value that it must have. */
export type Matcher = readonly [label: string, value: string];

/** Which targets are asked about. */
export interface Scope {
  /** Name of the model: the prefix of its metrics. */
  readonly model: string;
  readonly matchers: readonly Matcher[];
}

/** @throws CliError USAGE for a name that is no prefix of a metric. */
export function scopeOf(model: string, matchers: readonly Matcher[]): Scope {
  if (/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(model)) return { model, matchers };
  throw new CliError(
    'USAGE',
    `"${model}" is no name of a model; expected letters, digits and underscores.`,
    'Name the model with --model: what stands before _request_total in the metrics.',
  );
}

/** Pure: the selector of metrics of the scope's model: `{__name__=~"catdog_(request_total)",namespace="prod"}`. */
export function selectorOf({ model, matchers }: Scope, suffixes: readonly string[]): string {
  const names = `__name__=~"${model}_(${suffixes.join('|')})"`;
  return `{${[names, ...matchers.map(([label, value]) => `${label}=${quoted(value)}`)].join(',')}}`;
}

/** A PromQL string. */
const quoted = (text: string): string => JSON.stringify(text);
