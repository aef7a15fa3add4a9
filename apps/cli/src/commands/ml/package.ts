import { resolve } from 'node:path';
import type { InputSpec, OutputSpec } from '@pawl/shared/bundle/manifest';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { themeOf, type Session } from '../session.ts';

interface PackageCommandOptions {
  readonly name: string;
  readonly version: string;
  readonly labels?: readonly string[];
  readonly labelsFile?: string;
  readonly description?: string;
  readonly size?: readonly [width: number, height: number];
  readonly layout?: InputSpec['layout'];
  readonly dtype?: InputSpec['dtype'];
  readonly channels?: NonNullable<InputSpec['channels']>;
  readonly fit?: InputSpec['fit'];
  readonly crop?: number;
  readonly kernel?: InputSpec['kernel'];
  readonly scale?: number;
  readonly mean?: InputSpec['mean'];
  readonly std?: InputSpec['std'];
  readonly output?: string;
  readonly kind?: OutputSpec['kind'];
  readonly threshold?: number;
  readonly golden: string;
  readonly tolerance: number;
  readonly lineage: Readonly<Record<string, string>>;
  readonly reference?: string;
  readonly out: string;
  readonly key?: string;
  readonly color: boolean;
}

export function addPackage(program: Command, session: Session): void {
  program
    .command('package')
    .summary('make a bundle of any ONNX image classifier')
    .description(
      'Make a bundle of an ONNX classifier that was trained elsewhere. What its graph says is read from it; what it leaves ' +
        'open is asked for. Golden images get the answers of the session that serves.',
    )
    .argument('<model>', 'ONNX file')
    .requiredOption('--name <name>', 'name of the model')
    .requiredOption('--version <semver>', 'version of the bundle, such as 1.0.0')
    .addOption(
      new Option(
        '--labels <a,b>',
        "in the order of the output (default: the graph's own, where it has some)",
      ).argParser(parseList),
    )
    .option('--labels-file <file>', 'one a line, or JSON: a list, {"0": "cat"}, or config.json with id2label')
    .requiredOption('--golden <folder>', 'labelled photographs, LABEL/FILE.jpg, that the model must answer rightly')
    .option('--reference <folder>', 'pictures like those that users send, for drift (default: drift is not watched)')
    .option('--out <folder>', 'where the bundle goes', 'models/candidate')
    .option('--key <file>', 'private key that signs the bundle')
    .option('--description <text>', 'one sentence')
    .addOption(
      new Option('--lineage <key=value>', 'where the weights come from; may be repeated')
        .argParser(parsePair)
        .default({}, 'none'),
    )
    .optionsGroup('Input (default: what the graph says)')
    .addOption(new Option('--size <pixels>', 'width and height: 224, or 320x240').argParser(parseSize))
    .addOption(new Option('--layout <order>', 'of the dimensions').choices(['NHWC', 'NCHW']))
    .addOption(new Option('--dtype <type>', 'of the values').choices(['uint8', 'float32']))
    .addOption(new Option('--channels <order>', 'of the colours; L: grey (default: RGB)').choices(['RGB', 'BGR', 'L']))
    .addOption(
      new Option('--fit <how>', 'fill: whole picture, aspect not kept (default)').choices(['fill', 'cover', 'contain']),
    )
    .addOption(
      new Option(
        '--crop <pixels>',
        "resize the shorter side to this, then cut the centre: torchvision's Resize and CenterCrop",
      ).argParser(parsePixels),
    )
    .addOption(
      new Option('--kernel <name>', 'of resizing (default: lanczos3)').choices([
        'nearest',
        'linear',
        'cubic',
        'mitchell',
        'lanczos2',
        'lanczos3',
      ]),
    )
    .addOption(
      new Option('--scale <factor>', '(value * scale - mean) / std (default: by the size of mean and std)').argParser(
        parseNumber,
      ),
    )
    .addOption(new Option('--mean <r,g,b>', "in the tensor's order (default: ImageNet's)").argParser(parseChannels))
    .addOption(new Option('--std <r,g,b>', "in the tensor's order (default: ImageNet's)").argParser(parseChannels))
    .optionsGroup('Output (default: what the graph says, and its answers to the golden images)')
    .option('--output <name>', 'the output that classifies, or a value inside the graph to end it at')
    .addOption(
      new Option('--kind <kind>', 'what its values are').choices([
        'binary-logit',
        'binary-probability',
        'softmax-logits',
        'probabilities',
      ]),
    )
    .addOption(
      new Option('--threshold <p>', 'binary: the second label from here on (default: 0.5)').argParser(parseNumber),
    )
    .addOption(
      new Option('--tolerance <p>', 'largest difference of a golden probability elsewhere')
        .argParser(parseNumber)
        .default(0.05),
    )
    .option('--no-color', 'no colours (also: NO_COLOR)')
    .action((model: string, options: PackageCommandOptions) => run(session, model, options));
}

async function run(session: Session, model: string, options: PackageCommandOptions): Promise<void> {
  const { context } = session;
  const [{ packageModel }, { renderPackage }, { tryBundle }] = await Promise.all([
    import('../../ml/packaging/package-model.ts'),
    import('../../ml/packaging/render-package.ts'),
    import('../../ml/prediction/try-bundle.ts'),
  ]);
  const { layout, dtype, channels, fit, crop, kernel, scale, mean, std, size } = options;
  const packaged = await packageModel(context, {
    model: resolve(context.cwd, model),
    name: options.name,
    version: options.version,
    labels: options.labels,
    labelsFile: options.labelsFile === undefined ? undefined : resolve(context.cwd, options.labelsFile),
    description: options.description,
    input: { layout, dtype, channels, fit, crop, kernel, scale, mean, std, width: size?.[0], height: size?.[1] },
    output: { name: options.output, kind: options.kind, threshold: options.threshold },
    golden: resolve(context.cwd, options.golden),
    tolerance: options.tolerance,
    lineage: options.lineage,
    out: resolve(context.cwd, options.out),
    reference: options.reference === undefined ? undefined : resolve(context.cwd, options.reference),
    key: options.key,
  });
  const tryIt = await tryBundle(context.cwd, options.out);
  context.stdout.write(`${renderPackage(packaged, options.out, tryIt, themeOf(session, options)).join('\n')}\n`);
}

const parseList = (text: string): readonly string[] => text.split(',').map((part) => part.trim());

/** A number, or a fraction such as 1/255. */
function parseNumber(text: string): number {
  const [numerator, denominator, ...more] = text.split('/');
  const value = Number(numerator) / (denominator === undefined ? 1 : Number(denominator));
  if (text.trim() !== '' && more.length === 0 && Number.isFinite(value)) return value;
  throw new InvalidArgumentError('Expected a number, or a fraction such as 1/255.');
}

function parseChannels(text: string): InputSpec['mean'] {
  const [first, second, third, ...more] = text.split(',').map(parseNumber);
  if (first !== undefined && second === undefined) return [first, first, first];
  if (first !== undefined && second !== undefined && third !== undefined && more.length === 0)
    return [first, second, third];
  throw new InvalidArgumentError('Expected three numbers, one a channel, or one for all.');
}

function parsePixels(text: string): number {
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Expected pixels, such as 256.');
}

function parseSize(text: string): readonly [width: number, height: number] {
  const [, width, height = width] = /^(\d{1,4})(?:x(\d{1,4}))?$/.exec(text) ?? [];
  if (Number(width) > 0 && Number(height) > 0) return [Number(width), Number(height)];
  throw new InvalidArgumentError('Expected pixels: 224, or 320x240 (width x height).');
}

function parsePair(text: string, pairs: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const at = text.indexOf('=');
  if (at > 0) return { ...pairs, [text.slice(0, at)]: text.slice(at + 1) };
  throw new InvalidArgumentError('Expected key=value, such as licence=Apache-2.0.');
}
