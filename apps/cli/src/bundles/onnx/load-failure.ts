import { PawlError } from '@pawl/shared/errors/pawl-error';
import { CliError } from '../../errors/cli-error.ts';

/** Ways in which onnxruntime says that it has no such operator: by name at all, or none of that version or type. */
const unknownOperator = [
  /(?<operator>[\w.]+:?[\w.]*)\(-?\d*\) is not a registered function\/op/,
  /No Op registered for (?<operator>\w+) with domain_version of (?<version>\d+)/,
  /Could not find an implementation for (?<operator>\w+\(\d+\))/,
];

/**
 * What onnxruntime said about a graph that it cannot load, as an error with a next step; any other error as it is.
 *
 * @param name of the file, for people.
 */
export function explainLoadFailure(error: unknown, name: string): unknown {
  if (!(error instanceof PawlError) || error.code !== 'MODEL_INCOMPATIBLE') return error;
  const said = typeof error.cause === 'string' ? error.cause : error.cause instanceof Error ? error.cause.message : '';
  const operator = unknownOperator.map((pattern) => pattern.exec(said)?.groups).find((found) => found !== undefined);
  if (operator !== undefined)
    return new CliError(
      'GRAPH_INVALID',
      `${name} uses the operator ${operator['operator'] ?? ''}, which onnxruntime does not have.`,
      'Export the model with operators of ONNX only, such as opset 17; custom operators cannot be served.',
      error,
    );
  return new CliError(
    'GRAPH_INVALID',
    `${name} cannot be loaded: ${said === '' ? error.message : said}`,
    'Check the file with onnx.checker.check_model, and export the model again.',
    error,
  );
}
