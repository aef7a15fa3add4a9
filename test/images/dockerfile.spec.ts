import { readFileSync } from 'node:fs';
import { inRepository } from '@pawl/test-kit/repository';

const dockerfile = readFileSync(inRepository('Dockerfile'), 'utf8');
const lines = (start: RegExp) => dockerfile.split('\n').filter((line) => start.test(line));

describe('the Dockerfile', () => {
  // BuildKit takes such a default for the value: every platform's image would be made of the programs of one
  // (docker/buildx#510).
  it('gives no default to what the builder sets by platform', () => {
    const declared = lines(/^ARG (TARGET|BUILD)(PLATFORM|OS|ARCH|VARIANT)\b/);
    expect(declared.length).toBeGreaterThan(2);
    expect(declared.filter((line) => line.includes('='))).toEqual([]);
  });

  it('runs nothing of the target platform in what it copies into the images of Pawl', () => {
    const [ours = ''] = dockerfile.split('# --- MLflow');
    const stages = ours.split(/^(?=FROM )/m).slice(1);
    const built = stages.filter((stage) => /^RUN /m.test(stage)).map((stage) => stage.split('\n', 1)[0] ?? '');
    expect(built.length).toBeGreaterThan(5);
    // On the machine's own platform, or on a stage that is.
    const own = stages
      .map((stage) => /^FROM --platform=\$\{BUILDPLATFORM\} \S+ AS (\S+)/.exec(stage)?.[1])
      .filter((name) => name !== undefined);
    const names = new Set(own);
    for (const stage of stages) {
      const [, base = '', name = ''] = /^FROM (\S+) AS (\S+)/.exec(stage) ?? [];
      if (names.has(base)) names.add(name);
    }
    expect(built.filter((line) => !names.has(/ AS (\S+)/.exec(line)?.[1] ?? ''))).toEqual([]);
  });

  it('names its bases by one variable each, which takes a digest, too, and which every builder and skaffold read', () => {
    const stages = new Set(lines(/^FROM /).map((line) => / AS (\S+)/.exec(line)?.[1]));
    const bases = lines(/^FROM /)
      .map((line) => line.replace(/^FROM (--platform=\S+ )?/, '').split(' ')[0] ?? '')
      .filter((base) => base !== 'scratch' && !stages.has(base));
    expect(bases.length).toBeGreaterThan(4);
    const known = lines(/^ARG \w+_IMAGE=docker\.io\//).map((line) => `\${${/^ARG (\w+)/.exec(line)?.[1] ?? ''}}`);
    for (const base of bases) expect(known).toContain(base);
  });
});
