import { memoryLimit } from './memory-limit.ts';

const GIB = 2 ** 30;
const inContainer = (files: Record<string, string>) =>
  memoryLimit({ read: (path) => files[path], total: () => 16 * GIB });

describe('memoryLimit', () => {
  it.each<[string, Record<string, string>, number]>([
    ['no cgroup at all: the memory of the machine', {}, 16 * GIB],
    ['cgroup v2', { '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/memory.max': `${GIB}\n` }, GIB],
    ['cgroup v2 without a limit', { '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/memory.max': 'max\n' }, 16 * GIB],
    [
      'the tightest limit of the folders above wins',
      {
        '/proc/self/cgroup': '0::/kubepods/pod1/c1\n',
        '/sys/fs/cgroup/kubepods/pod1/c1/memory.max': 'max',
        '/sys/fs/cgroup/kubepods/pod1/memory.max': String(GIB / 2),
        '/sys/fs/cgroup/kubepods/memory.max': String(4 * GIB),
      },
      GIB / 2,
    ],
    [
      'cgroup v1',
      {
        '/proc/self/cgroup': '5:cpu:/docker/abc\n3:memory:/docker/abc\n',
        '/sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes': `${GIB}\n`,
      },
      GIB,
    ],
    [
      'cgroup v1 without a limit, which is a very large number',
      { '/proc/self/cgroup': '3:memory:/\n', '/sys/fs/cgroup/memory/memory.limit_in_bytes': '9223372036854771712\n' },
      16 * GIB,
    ],
  ])('%s', (_, files, expected) => {
    expect(inContainer(files)).toBe(expected);
  });

  it('is something on the machine that runs this test', () => {
    expect(memoryLimit()).toBeGreaterThan(0);
  });
});
