import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Manifest } from '@pawl/shared/bundle/manifest';
import { catdog, inRepository } from '@pawl/test-kit/repository';
import { answersOf } from './model-answers.ts';
import { devourMemory, shiftBias, slowDown } from './onnx-edit.ts';
import { readFields, writeFields } from './protobuf.ts';

const original = readFileSync(join(catdog, 'model.onnx'));
const manifest = JSON.parse(readFileSync(join(catdog, 'manifest.json'), 'utf8')) as Manifest;
const photos = ['owl', 'harold', 'ginger-dog'].map((name) =>
  readFileSync(inRepository(`apps/inference/public/examples/${name}.jpg`)),
);
const folder = mkdtempSync(join(tmpdir(), 'pawl-onnx-edit-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

async function logits(model: Uint8Array): Promise<number[]> {
  const path = join(folder, 'model.onnx');
  writeFileSync(path, model);
  const answers = await answersOf(path, manifest, photos);
  return answers.map(({ probabilities }) => Math.log(probabilities['dog']! / probabilities['cat']!));
}

describe('editing an ONNX graph', () => {
  it('gives back the same bytes when nothing is changed', () => {
    expect(Buffer.compare(writeFields(readFields(original)), original)).toBe(0);
    expect(Buffer.compare(shiftBias(shiftBias(original, 0.5), -0.5), shiftBias(original, 0))).toBe(0);
  });

  it('moves every logit by what is added to the bias', async () => {
    const before = await logits(original);
    const after = await logits(shiftBias(original, 2.5));
    after.forEach((logit, i) => {
      expect(logit - before[i]!).toBeCloseTo(2.5, 3);
    });
  });

  it.each([
    ['slower', (model: Uint8Array) => slowDown(model, 3)],
    ['in need of memory', (model: Uint8Array) => devourMemory(model, 1 / 64)],
  ])('makes a graph %s that answers the same', async (_, edit) => {
    const before = await logits(original);
    const after = await logits(edit(original));
    after.forEach((logit, i) => {
      expect(logit).toBeCloseTo(before[i]!, 5);
    });
  });

  it('refuses a graph that it does not know', () => {
    expect(() => shiftBias(new Uint8Array(), 1)).toThrow('no initializer head.bias');
    expect(() => slowDown(new Uint8Array(), 1)).toThrow('output logit');
  });
});
