import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { GraphSpec } from '@pawl/shared/execution/onnx-session';
import { inRepository } from '@pawl/test-kit/repository';

const run = promisify(execFile);

/** Tensors for a graph, and the graph. */
export interface GraphRun {
  /** ONNX file. */
  readonly model: string;
  readonly spec: GraphSpec;
  /** Batches of one, in the layout and the type of the spec. */
  readonly tensors: readonly (Uint8Array | Float32Array)[];
}

/** What a graph gives on a processor. */
export interface GraphOutputs {
  /** As Node names it. */
  readonly arch: string;
  /** One for each tensor. */
  readonly outputs: readonly (readonly number[])[];
}

/** Runs a graph in a process of its own. @param node command line of the Node. @param folder for files in between; exists. */
export async function runGraph(
  node: readonly string[],
  folder: string,
  { model, spec, tensors }: GraphRun,
): Promise<GraphOutputs> {
  const [specFile, tensorsFile] = [join(folder, 'spec.json'), join(folder, 'tensors')];
  await writeFile(specFile, JSON.stringify(spec));
  await writeFile(
    tensorsFile,
    Buffer.concat(tensors.map(({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength))),
  );
  const line = [
    ...node,
    '--conditions=pawl-source',
    '--no-warnings',
    inRepository('test/cpus/infer.ts'),
    model,
    specFile,
    tensorsFile,
  ];
  const { stdout } = await run(line[0] ?? '', line.slice(1), { maxBuffer: 64 * 1024 * 1024 });
  return JSON.parse(stdout) as GraphOutputs;
}
