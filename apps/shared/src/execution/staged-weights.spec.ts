import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { catdog } from '@pawl/test-kit/repository';
import { describeWhenSet } from '@pawl/test-kit/when-set';
import { anInputSpec } from '@pawl/test-kit/input-spec';
import { NEITHER, type FirstStageSpec, type OutputSpec } from '../bundle/manifest.ts';
import { defaultImageLimits } from '../preprocessing/limits.ts';
import { toAnswer } from './answer.ts';
import type { Classification } from './image-task.ts';
import { shareBytes } from './share-bytes.ts';
import type { StagedSpec } from './stage.ts';
import { ImageWorkerPool } from './worker-pool.ts';

describeWhenSet('PAWL_TEST_WEIGHTS', 'EfficientNet-Lite0 before EfficientNet-Lite2', (weights) => {
  const graphOf = (name: string) => shareBytes(readFileSync(join(weights, `efficientnet-${name}-catdog-int8.onnx`)));
  const inputOf = (size: number) => anInputSpec({ width: size, height: size });
  const output: OutputSpec = { kind: 'binary-logit', name: 'logit', threshold: 0.5 };
  const known = { output: 'known', threshold: -2 };
  const firstStage: FirstStageSpec = { model: 'first.onnx', input: inputOf(160), output: 'logit', sure: 5, known };
  const small: StagedSpec = { labels: ['cat', 'dog'], input: inputOf(160), output, abstain: known };
  const large: StagedSpec = { ...small, input: inputOf(260) };
  const photos = readdirSync(join(catdog, 'golden'))
    .filter((file) => !file.startsWith(NEITHER))
    .map((file) => join(catdog, 'golden', file));

  /** What graphs say of every photograph. */
  async function ask(model: string, spec: StagedSpec, first?: string): Promise<readonly Classification[]> {
    const pool = new ImageWorkerPool({
      size: 1,
      queueLimit: photos.length,
      inFlightPerWorker: 2,
      setup: {
        model: graphOf(model),
        ...(first !== undefined && { firstModel: graphOf(first) }),
        spec,
        limits: { ...defaultImageLimits, timeoutMs: 60_000 },
        niceness: 0,
      },
    });
    try {
      await pool.start();
      return await Promise.all(photos.map((file) => pool.classify([readFileSync(file)], { deadlineMs: 120_000 })));
    } finally {
      await pool.close();
    }
  }

  it('answers each photograph as one of the two does alone, and rightly', async () => {
    const first = await ask('lite0-160', small);
    const final = await ask('lite2', large);
    const both = await ask('lite2', { ...large, firstStage }, 'lite0-160');
    for (const [index, said] of both.entries()) {
      const alone = (said.stage === 'first' ? first : final)[index]!;
      expect([said.output, said.known]).toEqual([alone.output, alone.known]);
      expect(said.stage === 'first').toBe(
        Math.abs(first[index]!.output[0]!) >= firstStage.sure && first[index]!.known! >= known.threshold,
      );
      expect(photos[index]).toContain(`/${toAnswer(said, large)!.label}-`);
    }
    // Of these twelve both kinds, or the test would show one way only.
    expect(new Set(both.map(({ stage }) => stage))).toEqual(new Set(['first', 'final']));
  });
});
