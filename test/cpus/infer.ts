/**
 * Runs the tensors of a file through a graph, one by one, in the session that serves, and prints the outputs as JSON. It
 * imports nothing but that: under an emulator every file that is loaded takes its time.
 *
 *     infer.ts MODEL.onnx GRAPH_SPEC.json TENSORS
 */
import { readFileSync } from 'node:fs';
import { OnnxSession, type GraphSpec } from '@pawl/shared/execution/onnx-session';

const [model = '', specFile = '', tensorsFile = ''] = process.argv.slice(2);
const spec = JSON.parse(readFileSync(specFile, 'utf8')) as GraphSpec;
const { width, height, dtype } = spec.input;
// Alone in its buffer, so that it begins where a float may.
const bytes = new Uint8Array(readFileSync(tensorsFile));
const values = dtype === 'uint8' ? bytes : new Float32Array(bytes.buffer);
const session = await OnnxSession.open(readFileSync(model), spec);
const outputs: number[][] = [];
for (let at = 0, size = width * height * 3; at < values.length; at += size)
  outputs.push((await session.run(values.slice(at, at + size), 1)).flatMap((each) => [...each]));
process.stdout.write(JSON.stringify({ arch: process.arch, outputs }));
