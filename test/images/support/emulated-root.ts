import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

/** How programs of an unpacked arm64 image are run on another machine. */
export interface EmulatedRoot {
  /** The command line of its Node with arguments. */
  node(args: readonly string[]): readonly [string, ...string[]];
  /** What the process needs in its environment. */
  readonly env: Readonly<Record<string, string>>;
}

/** The program of a name on PATH. */
export const onPath = (name: string): string | undefined =>
  (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find(existsSync);

/** What the kernel says of a core of Neoverse N1: onnxruntime reads it, and that of an x86 machine crashes it. */
const CPUINFO =
  Object.entries({
    processor: '0',
    BogoMIPS: '100.00',
    Features: 'fp asimd evtstrm aes pmull sha1 sha2 crc32 cpuid asimddp',
    'CPU implementer': '0x41',
    'CPU architecture': '8',
    'CPU variant': '0x3',
    'CPU part': '0xd0c',
    'CPU revision': '1',
  })
    .map(([name, value]) => `${name}\t: ${value}\n`)
    .join('') + '\n';

/**
 * Makes an unpacked image ready to be emulated, without any right or setting of the kernel: a program that the emulated Node
 * starts by its own path would be given to the kernel, which runs no arm64; so Node is told that its path is a script that
 * emulates it. The shell in between, by which a decoder's memory is limited, is this machine's.
 *
 * @param qemu path of qemu-aarch64. @param root of the image. @param folder for what is needed besides; exists.
 */
export async function emulatedRoot(qemu: string, root: string, folder: string): Promise<EmulatedRoot> {
  await mkdir(join(root, 'proc'), { recursive: true });
  await writeFile(join(root, 'proc/cpuinfo'), CPUINFO);
  const script = join(folder, 'node');
  // The variable is that of the emulated program, not of the emulator.
  const words = [
    qemu,
    '-L',
    root,
    '-cpu',
    'neoverse-n1',
    '-E',
    'LD_PRELOAD=libjemalloc.so.2',
    join(root, 'usr/local/bin/node'),
  ];
  await writeFile(script, `#!/bin/sh\nexec ${words.map(quoted).join(' ')} "$@"\n`, { mode: 0o755 });
  const preload = join(folder, 'own-path.cjs');
  await writeFile(preload, `process.execPath = ${JSON.stringify(script)};\n`);
  return {
    node: (args) => [script, '--require', preload, ...args],
    // As the image sets them, which the emulator's own process must bear, too.
    env: { MALLOC_CONF: 'background_thread:true,narenas:2', NODE_OPTIONS: '--max-semi-space-size=4' },
  };
}

const quoted = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;
