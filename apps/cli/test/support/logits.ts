/** logits.ts BUNDLE PIXELS: prints the logit of each picture of a file of uint8 tensors as JSON. */
import { readFile } from 'node:fs/promises';
import { openBundle } from '@pawl/shared/bundle/open-bundle';
import { OnnxSession } from '@pawl/shared/execution/onnx-session';

const [folder = '', file = ''] = process.argv.slice(2);
const bundle = await openBundle(folder);
const session = await OnnxSession.load(await bundle.read(bundle.manifest.model), bundle.manifest);
const pixels = new Uint8Array(await readFile(file));
const { width, height } = bundle.manifest.input;
const size = width * height * 3;
const logits: number[] = [];
for (let from = 0; from < pixels.length; from += size)
  logits.push(...((await session.run(pixels.subarray(from, from + size), 1))[0] ?? []));
await session.release();
process.stdout.write(JSON.stringify(logits));
