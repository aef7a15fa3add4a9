import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { compareCodeUnits } from '@pawl/shared/bundle/canonical-json';
import { forEachLimited } from '@pawl/shared/concurrency/for-each-limited';
import type { Classification } from '@pawl/shared/execution/image-task';
import { sniffImageFormat } from '@pawl/shared/preprocessing/image-format';
import { CliError } from '../../../errors/cli-error.ts';
import type { ScoredRows } from '../evaluation/abstain.ts';
import { toProbabilities } from '../evaluation/probabilities.ts';
import type { Head } from '../../../bundles/onnx/head.ts';
import type { LocalModel } from '../../../bundles/local-model.ts';

/**
 * What a model says of every picture of a folder, at any depth. Files that are no pictures are left out.
 *
 * @throws CliError FILE_NOT_FOUND, DATA_EMPTY.
 */
export async function askNeither(
  model: LocalModel,
  { kind, outputs }: Pick<Head, 'kind' | 'outputs'>,
  folder: string,
  signal: AbortSignal,
): Promise<ScoredRows> {
  const names = await readdir(folder, { recursive: true, encoding: 'utf8' }).catch((cause: unknown) => {
    throw new CliError(
      'FILE_NOT_FOUND',
      `The photographs of neither, ${folder}, cannot be read.`,
      'Check abstain.neither in params.yaml; empty: not measured.',
      cause,
    );
  });
  const answers = new Map<string, Classification>();
  const sorted = names.sort(compareCodeUnits);
  await forEachLimited(
    sorted,
    model.capacity,
    async (name) => {
      const bytes = await readFile(join(folder, name)).catch(() => undefined);
      if (bytes === undefined || sniffImageFormat(bytes) === undefined) return;
      answers.set(name, await model.ask(bytes));
    },
    signal,
  );
  const said = sorted.flatMap((name) => answers.get(name) ?? []);
  const logits = Float64Array.from(said.flatMap(({ output }) => output));
  const known = Float64Array.from(said, (of) => of.known ?? NaN);
  if (said.length > 0)
    return { logits, probabilities: toProbabilities(logits, kind, outputs), known, rows: said.length };
  throw new CliError(
    'DATA_EMPTY',
    `The photographs of neither, ${folder}, hold no picture.`,
    'Check abstain.neither in params.yaml; empty: not measured.',
  );
}
