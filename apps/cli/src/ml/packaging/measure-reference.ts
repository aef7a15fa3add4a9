import { readFile } from 'node:fs/promises';
import { forEachLimited } from '@pawl/shared/concurrency/for-each-limited';
import type { Manifest } from '@pawl/shared/bundle/manifest';
import type { Reference } from '@pawl/shared/bundle/reference';
import { buildReference } from '@pawl/shared/drift/build-reference';
import { inputNumbersOf, type ObservedPicture } from '@pawl/shared/drift/observation';
import { MIN_PICTURES } from '@pawl/shared/drift/watched-statistic';
import { toAnswer } from '@pawl/shared/execution/answer';
import { isRefusedPicture, withLocalModel } from '../../bundles/local-model.ts';
import { CliError } from '../../errors/cli-error.ts';
import type { Context } from '../../terminal/context.ts';
import { createProgress } from '../../terminal/progress.ts';
import { count } from '../../terminal/text.ts';
import { findPictures } from '../prediction/find-pictures.ts';

/** A model whose reference is to be measured. */
export interface ReferenceModel {
  readonly bytes: Uint8Array;
  readonly spec: Pick<Manifest, 'labels' | 'input' | 'output'>;
  readonly name: string;
}

/** What the pictures of a folder are like, and what the model answers to them. */
export interface MeasuredReference {
  readonly reference: Reference;
  /** Pictures that the service would refuse, which are left out. */
  readonly refused: number;
}

/**
 * Measures the reference that drift is judged by, with the decoder and the session that serve.
 *
 * @param folder absolute; pictures at any depth, like those that users will send.
 * @throws CliError FILE_NOT_FOUND, DATA_EMPTY where too few can be used; the reason of the context's signal.
 */
export async function measureReference(
  context: Context,
  model: ReferenceModel,
  folder: string,
): Promise<MeasuredReference> {
  const { pictures } = await findPictures([folder], [], context.cwd, context.signal);
  const found = new Map<string, ObservedPicture>();
  const source = { bytes: model.bytes, spec: model.spec, name: model.name, measures: true };
  await withLocalModel(source, context.signal, async (served) => {
    const progress = await createProgress(context, 'reference', pictures.length);
    let done = 0;
    await forEachLimited(
      pictures,
      served.capacity,
      async ({ path }) => {
        const bytes = await readFile(path);
        const said = await served.ask(bytes).catch((error: unknown) => {
          if (isRefusedPicture(error)) return undefined;
          throw error;
        });
        progress.update(++done);
        const answer = said && toAnswer(said, model.spec);
        if (said === undefined || answer === undefined) return;
        const { width, height, statistics = {} } = said.image;
        const { label, confidence } = answer;
        const { known, projections } = said;
        found.set(path, { statistics, projections, width, height, bytes: bytes.length, label, confidence, known });
      },
      context.signal,
    );
    progress.done(count(found.size, 'picture'));
  });
  if (found.size < MIN_PICTURES)
    throw new CliError(
      'DATA_EMPTY',
      `${folder} has ${count(found.size, 'picture')} that can be used; a reference needs at least ${MIN_PICTURES}.`,
      'Give more pictures like those that users send, or leave --reference out.',
    );
  // In the order of their names, or sums would differ from run to run in their last digits.
  const inOrder = pictures.flatMap(({ path }) => found.get(path) ?? []);
  const inputs = inOrder.map(inputNumbersOf);
  const reference = buildReference({ inputs, labels: model.spec.labels, answers: inOrder });
  return { reference, refused: pictures.length - found.size };
}
