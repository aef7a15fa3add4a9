import { CliError } from '../../errors/cli-error.ts';
import { trainParamsSchema, type Params } from './params.ts';

/** Flags of `pawl train` that stand above params.yaml. */
export interface ParamFlags {
  readonly epochs?: number | undefined;
  readonly lr?: number | undefined;
  readonly batchSize?: number | undefined;
  readonly weightDecay?: number | undefined;
  readonly seed?: number | undefined;
  readonly backbone?: string | undefined;
  readonly replaces?: string | undefined;
  /** Beside those of params.yaml. */
  readonly dropGolden?: readonly string[] | undefined;
}

/** Pure: parameters with the flags that were given. @throws CliError PARAMS_INVALID naming the flag. */
export function overrideParams(params: Params, flags: ParamFlags): Params {
  const { train, bundle } = params;
  const parsed = trainParamsSchema.safeParse({
    ...train,
    epochs: flags.epochs ?? train.epochs,
    lr: flags.lr ?? train.lr,
    batch_size: flags.batchSize ?? train.batch_size,
    weight_decay: flags.weightDecay ?? train.weight_decay,
    seed: flags.seed ?? train.seed,
    backbone: flags.backbone ?? train.backbone,
  });
  if (parsed.success)
    return {
      ...params,
      train: parsed.data,
      bundle: {
        ...bundle,
        replaces: flags.replaces ?? bundle.replaces,
        drop_golden: [...bundle.drop_golden, ...(flags.dropGolden ?? [])],
      },
    };
  const problems = parsed.error.issues.map(({ path, message }) => `${flagOf(path)}: ${message}`);
  throw new CliError('PARAMS_INVALID', `${problems.join('; ')}.`, 'See pawl train --help.');
}

const flagOf = (path: readonly PropertyKey[]): string => `--${String(path.at(-1)).replaceAll('_', '-')}`;
