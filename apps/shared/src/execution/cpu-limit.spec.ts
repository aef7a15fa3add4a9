import { cpuLimit } from './cpu-limit.ts';

const inContainer = (files: Record<string, string>, parallelism = 16) =>
  cpuLimit({ read: (path) => files[path], parallelism: () => parallelism });

describe('cpuLimit', () => {
  it.each<[string, Record<string, string>, number]>([
    ['no cgroup at all: what the scheduler offers', {}, 16],
    [
      'cgroup v2 in its own namespace',
      { '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/cpu.max': '200000 100000\n' },
      2,
    ],
    ['cgroup v2 without a limit', { '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/cpu.max': 'max 100000\n' }, 16],
    [
      'cgroup v2, the tightest limit of the folders above wins',
      {
        '/proc/self/cgroup': '0::/kubepods/pod1/c1\n',
        '/sys/fs/cgroup/kubepods/pod1/c1/cpu.max': '400000 100000',
        '/sys/fs/cgroup/kubepods/pod1/cpu.max': '300000 100000',
        '/sys/fs/cgroup/kubepods/cpu.max': 'max 100000',
      },
      3,
    ],
    ['a fraction rounds down', { '/proc/self/cgroup': '0::/', '/sys/fs/cgroup/cpu.max': '250000 100000' }, 2],
    ['half a CPU is still one worker', { '/proc/self/cgroup': '0::/', '/sys/fs/cgroup/cpu.max': '50000 100000' }, 1],
    [
      'cgroup v1',
      {
        '/proc/self/cgroup': '5:cpu,cpuacct:/docker/abc\n3:memory:/docker/abc\n',
        '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': '400000\n',
        '/sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n',
      },
      4,
    ],
    [
      'cgroup v1 without a limit',
      {
        '/proc/self/cgroup': '5:cpu,cpuacct:/\n',
        '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': '-1\n',
        '/sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n',
      },
      16,
    ],
  ])('%s', (_, files, expected) => {
    expect(inContainer(files)).toBe(expected);
  });

  it('never exceeds the CPUs that the scheduler offers', () => {
    expect(inContainer({ '/proc/self/cgroup': '0::/', '/sys/fs/cgroup/cpu.max': '800000 100000' }, 2)).toBe(2);
  });

  it('is at least one on the machine that runs this test', () => {
    expect(cpuLimit()).toBeGreaterThanOrEqual(1);
  });
});
