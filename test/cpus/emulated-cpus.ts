import { existsSync } from 'node:fs';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

/** A processor that qemu emulates, and what runs on it. */
export interface EmulatedCpu {
  /** For people. */
  readonly title: string;
  /** As Node names it. */
  readonly arch: 'x64' | 'arm64';
  /** Why it cannot be emulated here; undefined: it can. */
  readonly missing: string | undefined;
  /**
   * The command line of a Node on it, to which Node's arguments are added.
   *
   * @param folder for what the emulator needs; exists.
   */
  command(folder: string): Promise<readonly string[]>;
}

/** Where Debian's cross packages put the libraries of arm64. */
const ARM64_LIBRARIES = '/usr/aarch64-linux-gnu/lib';

/** The program of a name on PATH. */
const onPath = (name: string): string | undefined =>
  (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find(existsSync);

/** The first thing that is not there, as a clause. */
const firstMissing = (needs: readonly (readonly [isThere: boolean, otherwise: string])[]): string | undefined =>
  needs.find(([isThere]) => !isThere)?.[1];

/** An x86 processor with AVX2 and without AVX-512, VNNI and AMX: most laptops, and clouds' older machines. */
const haswell: EmulatedCpu = {
  title: 'AVX2 alone (Haswell)',
  arch: 'x64',
  missing: firstMissing([
    [process.platform === 'linux' && process.arch === 'x64', 'this Node is not one for x64 Linux'],
    [onPath('qemu-x86_64') !== undefined, 'there is no qemu-x86_64 on PATH: apt-get install qemu-user'],
  ]),
  command: () => Promise.resolve([onPath('qemu-x86_64') ?? '', '-cpu', 'Haswell', process.execPath]),
};

/** @param part of the processor by its maker's numbers (Arm, "MIDR_EL1"), as the kernel tells it. */
const arm64 = (title: string, cpu: string, part: string): EmulatedCpu => {
  const node = process.env['PAWL_TEST_ARM64_NODE'] ?? '';
  return {
    title,
    arch: 'arm64',
    missing: firstMissing([
      [node !== '', 'set PAWL_TEST_ARM64_NODE to run it, see CONTRIBUTING.md'],
      [onPath('qemu-aarch64') !== undefined, 'there is no qemu-aarch64 on PATH: apt-get install qemu-user'],
      [
        existsSync(join(ARM64_LIBRARIES, 'libstdc++.so.6')),
        `no libraries in ${ARM64_LIBRARIES}: apt-get install libc6-arm64-cross libstdc++6-arm64-cross`,
      ],
    ]),
    async command(folder) {
      await symlink(ARM64_LIBRARIES, join(folder, 'lib'));
      // Qemu looks for files there first. onnxruntime reads which cores there are; those of an x86 machine crash it.
      await mkdir(join(folder, 'proc'));
      await writeFile(join(folder, 'proc/cpuinfo'), cpuinfo(part));
      return [onPath('qemu-aarch64') ?? '', '-L', folder, '-cpu', cpu, node];
    },
  };
};

/** What the kernel says of one core of Arm's. */
const cpuinfo = (part: string): string =>
  Object.entries({
    processor: '0',
    BogoMIPS: '100.00',
    Features: 'fp asimd evtstrm aes pmull sha1 sha2 crc32 cpuid',
    'CPU implementer': '0x41',
    'CPU architecture': '8',
    'CPU variant': '0x0',
    'CPU part': part,
    'CPU revision': '3',
  })
    .map(([name, value]) => `${name}\t: ${value}\n`)
    .join('') + '\n';

/** One for each way in which onnxruntime multiplies 8-bit integers where there is no VNNI. */
export const emulatedCpus: readonly EmulatedCpu[] = [
  haswell,
  arm64('arm64 without dot products (Cortex-A72)', 'cortex-a72', '0xd08'),
  arm64('arm64 with dot products (Neoverse N1)', 'neoverse-n1', '0xd0c'),
];
