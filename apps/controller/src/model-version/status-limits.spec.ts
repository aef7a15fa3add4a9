import { type ModelVersionStatus, modelVersionStatusSchema } from '@pawl/shared/modelversion/model-version';
import { withinLimits } from './status-limits.ts';
import { accepted, ago, atStep, aVersion, failed, TEMPLATE } from './test/builders.ts';

/** A status with every part that it can have. */
const recorded = [accepted(), atStep(1), failed()].reduce(
  (version, change) => change(version),
  aVersion('1.1.0'),
).status!;
const condition = {
  type: 'Progressing' as const,
  status: 'True' as const,
  reason: 'StepRunning' as const,
  message: 'Step 1 of 2',
  lastTransitionTime: ago(0),
  observedGeneration: 1,
};
const check = {
  name: 'Latency' as const,
  verdict: 'Pass' as const,
  canary: 1,
  stable: 1,
  limit: 2,
  message: 'as slow',
};
const mistake = { image: 'cat.1', expected: 'cat', answered: 'dog', confidence: 0.9 };
const whole: ModelVersionStatus = {
  ...recorded,
  message: 'Step 1 of 2',
  conditions: [condition],
  artifact: { ...recorded.artifact!, lineage: { run: '1' } },
  acceptance: { ...recorded.acceptance!, mistakes: [mistake] },
  analysis: {
    ...{ step: 1, verdict: 'Pass', at: ago(0), canaryRequests: 1, stableRequests: 1 },
    checks: [check],
  },
  handled: { abort: 'a\nb' },
};

/** The status with a value in another place. */
function having(path: string, value: unknown): ModelVersionStatus {
  const copy = structuredClone(whole);
  const keys = path.split('.');
  const last = keys.pop()!;
  let part = copy as unknown as Record<string, unknown>;
  for (const key of keys) part = part[key] as Record<string, unknown>;
  part[last] = value;
  return copy;
}

function at(status: ModelVersionStatus, path: string): unknown {
  let part: unknown = status;
  for (const key of path.split('.')) part = (part as Record<string, unknown>)[key];
  return part;
}

const fits = (status: ModelVersionStatus): boolean =>
  // As JSON carries it.
  modelVersionStatusSchema.safeParse(JSON.parse(JSON.stringify(status))).success;

describe('a status', () => {
  it('that fits stays as it is', () => {
    expect(fits(whole)).toBe(true);
    expect(withinLimits(whole)).toEqual(whole);
  });

  it.each<[string, number]>([
    ['message', 4096],
    ['conditions.0.message', 4096],
    ['verdict.message', 4096],
    ['analysis.checks.0.message', 1024],
    ['acceptance.mistakes.0.image', 253],
    ['acceptance.mistakes.0.expected', 63],
    ['acceptance.mistakes.0.answered', 63],
    ['rollout.granularity', 256],
    ['artifact.lineage.run', 1024],
  ])('has at %s what fits of a text of somebody else', (path, longest) => {
    for (const text of ['x'.repeat(longest + 1), '🐈'.repeat(longest), `\u001b[31m${'x'.repeat(5000)}`, '\ud83d']) {
      const given = having(path, text);
      const fitted = withinLimits(given);
      expect([fits(fitted), (at(fitted, path) as string).isWellFormed()]).toEqual([true, true]);
      expect(at(fitted, path)).not.toContain('\u001b');
    }
    expect(at(withinLimits(having(path, 'x'.repeat(longest))), path)).toHaveLength(longest);
    expect(at(withinLimits(having(path, 'x'.repeat(longest + 1))), path)).toBe(`${'x'.repeat(longest - 1)}…`);
  });

  it.each<[string, number, number | undefined]>([
    ['analysis.canaryRequests', 2 ** 31, 2 ** 31 - 1],
    ['analysis.canaryRequests', Infinity, 2 ** 31 - 1],
    ['analysis.stableRequests', -1, 0],
    ['analysis.stableRequests', 1.6, 2],
    ['analysis.stableRequests', Number.NaN, 0],
    ['rollout.canaryPods', 2 ** 40, 2 ** 31 - 1],
    ['weight', 101, 100],
    ['analysis.checks.0.canary', Infinity, undefined],
    ['analysis.checks.0.limit', Number.NaN, undefined],
    ['acceptance.mistakes.0.confidence', -Infinity, undefined],
    ['acceptance.mistakes.0.confidence', 0.25, 0.25],
  ])('has at %s instead of %d: %p', (path, given, expected) => {
    const fitted = withinLimits(having(path, given));
    expect([fits(fitted), at(fitted, path)]).toEqual([true, expected]);
  });

  it.each<[string, unknown, number]>([
    ['conditions', condition, 8],
    ['analysis.checks', check, 8],
    ['acceptance.mistakes', mistake, 10],
  ])('has as many %s as fit', (path, one, most) => {
    const fitted = withinLimits(
      having(
        path,
        Array.from({ length: most + 1 }, () => one),
      ),
    );
    expect([fits(fitted), at(fitted, path)]).toEqual([true, Array.from({ length: most }, () => one)]);
  });

  it('keeps which requests were acted on to the letter, or they would be acted on again', () => {
    expect(withinLimits(whole).handled).toEqual({ abort: 'a\nb' });
    expect(withinLimits(whole).rollout?.canary).toBe(whole.rollout?.canary);
    expect(withinLimits(whole).acceptance?.template).toBe(TEMPLATE);
  });
});
