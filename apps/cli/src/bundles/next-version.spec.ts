import { anInputSpec } from '@pawl/test-kit/input-spec';
import { nextVersion, type VersionedParts } from './next-version.ts';

const parts: VersionedParts = {
  name: 'catdog',
  labels: ['cat', 'dog'],
  input: anInputSpec(),
  output: { kind: 'binary-logit', name: 'logit', threshold: 0.5 },
  modelDigest: 'sha256:aa',
};
const previous = { ...parts, version: '1.4.2' };
const firstStage = { model: 'first.onnx', input: anInputSpec({ width: 16 }), output: 'small', sure: 3 };
const staged: VersionedParts = { ...parts, firstStage, firstDigest: 'sha256:cc' };
const elsewhere: VersionedParts = { ...staged, firstStage: { ...firstStage, model: 'small.onnx' } };
const later: VersionedParts = { ...staged, firstStage: { ...firstStage, sure: 3.5 } };

describe('the next version of a model', () => {
  it.each<[string, Parameters<typeof nextVersion>[0], VersionedParts, string, string]>([
    ['the first', undefined, parts, '1.0.0', 'first'],
    ['another model', { ...previous, name: 'birds' }, parts, '1.0.0', 'first'],
    ['new weights', previous, { ...parts, modelDigest: 'sha256:bb' }, '1.5.0', 'minor'],
    ['weights of unknown digest', previous, { ...parts, modelDigest: undefined }, '1.5.0', 'minor'],
    [
      'new weights with another threshold',
      previous,
      { ...parts, modelDigest: 'sha256:bb', output: { kind: 'binary-logit', name: 'logit', threshold: 0.4 } },
      '1.5.0',
      'minor',
    ],
    ['the same graph again', previous, parts, '1.4.3', 'patch'],
    ['a first stage before the same graph', previous, staged, '1.5.0', 'minor'],
    ['no first stage any more', { ...previous, ...staged }, parts, '1.5.0', 'minor'],
    ['the same two graphs again', { ...previous, ...staged }, elsewhere, '1.4.3', 'patch'],
    ['a first stage of another graph', { ...previous, ...staged }, { ...staged, firstDigest: 'x' }, '1.5.0', 'minor'],
    ['a first stage that is sure later', { ...previous, ...staged }, later, '1.5.0', 'minor'],
    ['another label', previous, { ...parts, labels: ['cat', 'hound'] }, '2.0.0', 'major'],
    ['the same labels in another order', previous, { ...parts, labels: ['dog', 'cat'] }, '2.0.0', 'major'],
    ['a larger input', previous, { ...parts, input: { ...parts.input, width: 256 } }, '2.0.0', 'major'],
    ['another output', previous, { ...parts, output: { kind: 'probabilities', name: 'logit' } }, '2.0.0', 'major'],
    [
      'new weights after a prerelease',
      { ...previous, version: '1.5.0-rc.1' },
      { ...parts, modelDigest: '' },
      '1.5.0',
      'minor',
    ],
  ])('%s', (_, before, next, version, change) => {
    expect(nextVersion(before, next)).toMatchObject({ version, change });
  });
});
