import { createRandom } from '@pawl/shared/statistics/random';
import { inputOf } from './input.ts';
import { mutateBytes } from './mutate-bytes.ts';
import { mutateJson } from './mutate-json.ts';
import { textSeeds, type FuzzTarget } from './target.ts';

const seeds = textSeeds('{"a":[1,{"b":"c"}],"d":null}', '{"e":true}');
const target: FuzzTarget = {
  kind: 'json',
  codes: [],
  iterations: 1,
  seeds: () => Promise.resolve(seeds),
  run: () => undefined,
};
const inputs = (seed: number) =>
  Array.from({ length: 300 }, (_, at) => Buffer.from(inputOf('x', target, seeds, seed, at)).toString());

describe('the inputs of a target', () => {
  it('are the same for the same seed, and others for another', () => {
    expect(inputs(1)).toEqual(inputs(1));
    expect(inputs(1)).not.toEqual(inputs(2));
  });

  it('have seeds as they are among them, and hardly one twice', () => {
    const made = inputs(1);
    expect(made).toContain(String(Buffer.from(seeds[0]!)));
    expect(new Set(made).size).toBeGreaterThan(200);
  });

  it('leave the seeds alone', () => {
    const before = seeds.map(String);
    inputs(3);
    expect(seeds.map(String)).toEqual(before);
  });
});

describe('a changed JSON document', () => {
  const changed = Array.from({ length: 500 }, (_, at) => mutateJson(seeds[0]!, createRandom(at)).toString());

  it('is JSON again', () => {
    for (const text of changed) expect(() => JSON.parse(text) as unknown).not.toThrow();
  });

  it('has keys of prototypes, keys twice, depth and numbers out of range among them', () => {
    const some = (pattern: RegExp) => changed.some((text) => pattern.test(text));
    expect(
      [/"__proto__":/, /"d":null,"d":null/, /\[{1000}/, /1e999/, /\\u001b/].map((pattern) => [pattern, some(pattern)]),
    ).toEqual([/"__proto__":/, /"d":null,"d":null/, /\[{1000}/, /1e999/, /\\u001b/].map((pattern) => [pattern, true]));
  });
});

describe('changed bytes', () => {
  it('are longer, shorter and of the same length, also of nothing', () => {
    const seed = Buffer.alloc(100, 1);
    const lengths = Array.from({ length: 200 }, (_, at) => mutateBytes(seed, createRandom(at), [seed]).length);
    expect([Math.min(...lengths) < 100, Math.max(...lengths) > 100, lengths.includes(100)]).toEqual([true, true, true]);
    for (let at = 0; at < 200; at++) mutateBytes(Buffer.alloc(0), createRandom(at), [Buffer.alloc(0)]);
  });
});
