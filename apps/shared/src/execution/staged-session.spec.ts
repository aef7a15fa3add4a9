import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { catdog } from '@pawl/test-kit/repository';
import type { FirstStageSpec, Manifest } from '../bundle/manifest.ts';
import { defaultImageLimits } from '../preprocessing/limits.ts';
import { shareBytes } from './share-bytes.ts';
import type { StagedSpec } from './stage.ts';
import { ImageWorkerPool } from './worker-pool.ts';

const { labels, input, output, model } = JSON.parse(readFileSync(join(catdog, 'manifest.json'), 'utf8')) as Manifest;
const graph = shareBytes(readFileSync(join(catdog, model)));
// Wider than high, or fitting it otherwise would change nothing.
const photo = readFileSync(join(catdog, 'golden/cat-python3-skimage-chelsea.png'));
const spec = { labels, input, output };
const contain = { ...input, fit: 'contain' as const };
/** The same graph before itself: what tells the stages apart is how the picture is fitted for each. */
const firstStage: FirstStageSpec = { model: 'first.onnx', input: contain, output: output.name, sure: 0 };

const pools: ImageWorkerPool[] = [];

/** A worker over the shipped graph, twice where the spec has a first stage. */
async function aPool(staged: StagedSpec, hasFirst = staged.firstStage !== undefined): Promise<ImageWorkerPool> {
  const pool = new ImageWorkerPool({
    size: 1,
    queueLimit: 8,
    inFlightPerWorker: 2,
    setup: {
      model: graph,
      ...(hasFirst && { firstModel: graph }),
      spec: staged,
      limits: { ...defaultImageLimits, timeoutMs: 60_000 },
      niceness: 0,
    },
  });
  pools.push(pool);
  await pool.start();
  return pool;
}

/** What a spec says of the photograph. */
async function ask(staged: StagedSpec) {
  const pool = await aPool(staged);
  const { output: logits, known, stage, image } = await pool.classify([photo], { deadlineMs: 120_000 });
  await pool.close();
  return { logit: logits[0]!, known, stage, image };
}

const asked = (changes: Partial<FirstStageSpec>) => ask({ ...spec, firstStage: { ...firstStage, ...changes } });

afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.close()));
});

describe('a bundle of two graphs', () => {
  let filled: Awaited<ReturnType<typeof ask>>;
  let framed: Awaited<ReturnType<typeof ask>>;
  beforeAll(async () => {
    filled = await ask(spec);
    framed = await ask({ ...spec, input: contain });
    // Otherwise the tests below could not tell them apart.
    expect(Math.abs(filled.logit - framed.logit)).toBeGreaterThan(0.001);
    expect([filled.stage, framed.stage]).toEqual([undefined, undefined]);
  });

  it('answers at the first stage what that is sure of, as its graph does alone', async () => {
    expect(await asked({ sure: Math.abs(framed.logit) })).toEqual({ ...framed, stage: 'first' });
  });

  it('answers the rest at the final stage, as its graph does alone, of the picture as it was sent', async () => {
    expect(await asked({ sure: Math.abs(framed.logit) + 1e-6 })).toEqual({ ...filled, stage: 'final' });
  });

  it('passes on what the first stage does not know, however sure it is', async () => {
    const at = (threshold: number) => asked({ known: { output: output.name, threshold } });
    expect(await at(framed.logit)).toEqual({ ...framed, known: framed.logit, stage: 'first' });
    expect(await at(framed.logit + 1e-6)).toEqual({ ...filled, stage: 'final' });
  });

  it.each<[string, Partial<FirstStageSpec>]>([
    ['that lacks the output', { output: 'nothing' }],
    ['with several values for the label', { output: 'features' }],
    ['with several values for what it knows', { known: { output: 'features', threshold: 0 } }],
    ['of another size', { input: { ...contain, width: 100 } }],
  ])('refuses a first graph %s', async (_, changes) => {
    await expect(aPool({ ...spec, firstStage: { ...firstStage, ...changes } })).rejects.toMatchObject({
      code: 'MODEL_INCOMPATIBLE',
    });
  });

  it('starts neither with half of a first stage', async () => {
    await expect(aPool(spec, true)).rejects.toMatchObject({ code: 'MODEL_INCOMPATIBLE' });
    await expect(aPool({ ...spec, firstStage }, false)).rejects.toMatchObject({ code: 'MODEL_INCOMPATIBLE' });
  });
});
