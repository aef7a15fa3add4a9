import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { inRepository } from './repository.ts';

/** What decoding one file took in a process of its own. */
export interface DecodePeak {
  /** Most resident memory beyond that of a process that has decoded a thumbnail, the file itself aside, bytes. */
  readonly memoryBytes: number;
  /** CPU time of the process, milliseconds. */
  readonly cpuMs: number;
  /** `decoded`, or the error's code. */
  readonly outcome: string;
}

/** Decodes a thumbnail and then the file, and says by how much the process grew; Linux only. */
const script = `
  import { readFileSync } from 'node:fs';
  import sharp from 'sharp';
  const { createImageDecoder } = await import(process.argv[1]);
  const input = { name: 'image', layout: 'NHWC', dtype: 'uint8', width: 260, height: 260, fit: 'fill',
    kernel: 'lanczos3', scale: 1, mean: [0, 0, 0], std: [1, 1, 1] };
  const decoder = createImageDecoder(input, { maxBytes: 1e9, maxPixels: 1e9, maxDecodeBytes: Infinity,
    maxDecodeMs: Infinity, timeoutMs: 600_000 });
  const memory = (name) =>
    Number(new RegExp(name + ':\\\\s+(\\\\d+)').exec(readFileSync('/proc/self/status', 'utf8'))[1]) * 1024;
  const create = { width: 32, height: 32, channels: 3, background: 'teal' };
  await decoder.decode(new Uint8Array(await sharp({ create }).jpeg().toBuffer()));
  const bytes = readFileSync(process.argv[2]);
  globalThis.gc();
  const [before, cpu] = [memory('VmRSS'), process.cpuUsage()];
  const outcome = await decoder.decode(bytes).then(() => 'decoded', (error) => error.code);
  const { user, system } = process.cpuUsage(cpu);
  console.log(JSON.stringify({ memoryBytes: memory('VmHWM') - before, cpuMs: (user + system) / 1000, outcome }));
`;

/** Measures the decoding of a file in a fresh process. */
export async function measureDecode(file: string): Promise<DecodePeak> {
  const decoder = inRepository('apps/shared/src/preprocessing/decode-image.ts');
  const args = ['--no-warnings', '--expose-gc', '--input-type=module', '-e', script, decoder, file];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: inRepository('') });
  return JSON.parse(stdout) as DecodePeak;
}
