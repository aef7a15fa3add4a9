import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Manifest } from '@pawl/shared/bundle/manifest';
import { openBundle } from '@pawl/shared/bundle/open-bundle';
import { toAnswer } from '@pawl/shared/execution/answer';
import { outputsOf } from '@pawl/shared/execution/onnx-session';
import { createImageDecoder } from '@pawl/shared/preprocessing/decode-image';
import { defaultImageLimits } from '@pawl/shared/preprocessing/limits';
import { toTensorData } from '@pawl/shared/preprocessing/to-tensor';
import { catdog } from '@pawl/test-kit/repository';
import { emulatedCpus } from './emulated-cpus.ts';
import { runGraph, type GraphOutputs, type GraphRun } from './run-graph.ts';
import { productGraph } from './product-graph.ts';

/** Emulation is some hundred times slower. */
import.meta.jest.setTimeout(600_000);

/** Pictures that are compared: those whose answer is nearest to another one. */
const PICTURES = 4;

/**
 * Largest difference of a logit. Sums of products of bytes are exact on every processor as long as none saturates, which
 * weights of 7 bits cannot do; floating point differs in its last bits, and that may round an activation to the step beside
 * it. ResNet-18 and EfficientNet-Lite2 differ by 5e-7 at most. This much moves no probability by more than 0.005, a tenth
 * of what a golden answer may differ by; sums that saturate differ by whole logits.
 */
const TOLERANCE = 0.02;

const bundleFolder = resolve(process.env['PAWL_TEST_BUNDLE'] ?? catdog);
let folder: string;
let manifest: Manifest;
let graph: GraphRun;
let native: GraphOutputs;

/** The distance between the two likeliest labels of a golden image: small where a small difference changes the answer. */
const margin = ({ probabilities }: Manifest['golden']['images'][number]): number => {
  const [first = 0, second = 0] = Object.values(probabilities).sort((a, b) => b - a);
  return first - second;
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pawl-cpus-test-'));
  ({ manifest } = await openBundle(bundleFolder));
  const { input, output, abstain, model, golden } = manifest;
  const decoder = createImageDecoder(input, { ...defaultImageLimits, timeoutMs: 60_000 });
  const tensors: (Uint8Array | Float32Array)[] = [];
  for (const { file } of golden.images.toSorted((a, b) => margin(a) - margin(b)).slice(0, PICTURES))
    tensors.push(toTensorData((await decoder.decode(await readFile(join(bundleFolder, file)))).pixels, input));
  graph = { model: join(bundleFolder, model), spec: { input, outputs: outputsOf({ output, abstain }) }, tensors };
  native = await runGraph([process.execPath], folder, graph);
});
afterAll(() => rm(folder, { recursive: true }));

describe.each(emulatedCpus)('$title', (cpu) => {
  const { arch, missing } = cpu;
  if (missing !== undefined) {
    it.skip(`is emulated (skipped: ${missing})`, () => undefined);
    return;
  }
  let emulated: (given: GraphRun) => Promise<GraphOutputs>;
  beforeAll(async () => {
    const root = await mkdtemp(join(folder, 'cpu-'));
    const command = await cpu.command(root);
    emulated = (given) => runGraph(command, root, given);
  });

  it('answers as this machine does', async () => {
    const { outputs, ...there } = await emulated(graph);
    expect(there.arch).toBe(arch);
    expect(outputs).toHaveLength(PICTURES);
    const differences = outputs.flatMap((row, i) =>
      row.map((value, j) => Math.abs(value - (native.outputs[i]?.[j] ?? NaN))),
    );
    expect(Math.max(...differences)).toBeLessThanOrEqual(TOLERANCE);
    // What the model knows of its limits comes last.
    const names = outputsOf(manifest).length;
    const said = (row: readonly number[]) =>
      names === 1 ? { output: row } : { output: row.slice(0, -1), known: row.at(-1) };
    const labels = (rows: GraphOutputs['outputs']) =>
      rows.map((row) => {
        const answer = toAnswer(said(row), manifest);
        return [answer?.label, answer?.abstained];
      });
    expect(labels(outputs)).toEqual(labels(native.outputs));
  });

  it('multiplies 7-bit weights exactly; whether it does so with 8 bits shows what it is', async () => {
    const { bytes, spec, pixels, exact, split } = productGraph();
    const model = join(folder, `${arch}.onnx`);
    await writeFile(model, bytes);
    const { outputs } = await emulated({ model, spec, tensors: [pixels] });
    const { sevenBits, eightBits } = split(outputs[0] ?? []);
    expect(new Set(sevenBits)).toEqual(new Set([exact.sevenBits]));
    // AVX2 adds pairs of products in 16 bits, which saturate.
    if (arch === 'x64') expect(Math.max(...eightBits)).toBeLessThan(exact.eightBits);
    else expect(new Set(eightBits)).toEqual(new Set([exact.eightBits]));
  });
});
