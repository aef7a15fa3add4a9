import { CliError } from '../../errors/cli-error.ts';
import { Refused, type Json } from './rest-client.ts';

/** A run as the server knows it. */
export interface ServerRun {
  readonly runId: string;
  readonly experimentId: string;
  readonly runName: string;
  /** Where its artifacts belong, such as `mlflow-artifacts:/1/<run>/artifacts`. */
  readonly artifactUri: string;
  readonly params: Readonly<Record<string, string>>;
}

/** A version of a registered model, as the server knows it. */
export interface ServerVersion {
  readonly name: string;
  /** 1, 2, 3. */
  readonly version: string;
  readonly runId: string;
  /** Where its files lie: the run's artifact folder of the model. */
  readonly source: string;
  /** Unix milliseconds. */
  readonly createdAt: number;
  readonly tags: Readonly<Record<string, string>>;
}

/** Pure: the run of an answer. @throws CliError TRACKING_REFUSED where it has none. */
export function runOf(run: Json): ServerRun {
  const info = object(run['info']);
  if (text(info['run_id']) === '')
    throw new CliError(
      'TRACKING_REFUSED',
      'The tracking server answers without a run.',
      'Check that MLFLOW_TRACKING_URI is the address of an MLflow server.',
    );
  const params = array(object(run['data'])['params']).map((each) => {
    const { key, value } = object(each);
    return [text(key), text(value)] as const;
  });
  return {
    runId: text(info['run_id']),
    experimentId: text(info['experiment_id']),
    runName: text(info['run_name']),
    artifactUri: text(info['artifact_uri']),
    params: Object.fromEntries(params),
  };
}

/** Pure: the version of an answer. */
export function versionOf(version: Json): ServerVersion {
  const tags = array(version['tags']).map((each) => {
    const { key, value } = object(each);
    return [text(key), text(value)] as const;
  });
  return {
    name: text(version['name']),
    version: text(version['version']),
    runId: text(version['run_id']),
    source: text(version['source']),
    createdAt: Number(version['creation_timestamp']),
    tags: Object.fromEntries(tags),
  };
}

/** Pure: whether an error is the server's no of that kind. */
export const isRefusal = (error: unknown, errorCode: string): boolean =>
  error instanceof Refused && error.errorCode === errorCode;

/**
 * What MLflow says with RESOURCE_DOES_NOT_EXIST becomes undefined; for an alias that is not set it says
 * INVALID_PARAMETER_VALUE.
 */
export async function orAbsent(answer: Promise<Json>): Promise<Json | undefined> {
  try {
    return await answer;
  } catch (error) {
    const absent =
      isRefusal(error, 'RESOURCE_DOES_NOT_EXIST') ||
      (isRefusal(error, 'INVALID_PARAMETER_VALUE') && /alias .* not found/i.test((error as Error).message));
    if (absent) return undefined;
    throw error;
  }
}

/** Pure: a value as an object; empty where it is none. */
export const object = (value: unknown): Json => (typeof value === 'object' && value !== null ? (value as Json) : {});
/** Pure: a value as a list; empty where it is none. */
export const array = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
/** Pure: a value as text. Numbers arrive as numbers or texts, as Protocol Buffers' JSON has it. */
export const text = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : '';
