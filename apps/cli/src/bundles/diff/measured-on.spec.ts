import { digestOf } from '../test/builders.ts';
import { digestOfPictures, onSamePictures } from './measured-on.ts';

describe('the pictures that a metric was measured on', () => {
  const cat = { digest: digestOf('a'), label: 'cat' };
  const dog = { digest: digestOf('b'), label: 'dog' };

  it('are the same in any order, and others with another picture or label', () => {
    const digest = digestOfPictures([cat, dog]);
    expect(digest).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(digestOfPictures([dog, cat])).toBe(digest);
    expect(digestOfPictures([cat])).not.toBe(digest);
    expect(digestOfPictures([cat, { ...dog, label: 'cat' }])).not.toBe(digest);
    expect(digestOfPictures([cat, { ...dog, digest: digestOf('c') }])).not.toBe(digest);
  });

  it.each<[string, Record<string, string>, Record<string, string>, boolean | undefined]>([
    ['both say the same', { measured_on: 'x' }, { measured_on: 'x' }, true],
    ['they say others', { measured_on: 'x' }, { measured_on: 'y' }, false],
    ['one says nothing', { measured_on: 'x' }, {}, undefined],
    ['a metric has its own', { measured_on: 'x', 'measured_on.ece': 'z' }, { measured_on: 'x' }, false],
    ['the own ones agree', { 'measured_on.ece': 'z' }, { measured_on: 'x', 'measured_on.ece': 'z' }, true],
    ['another metric has its own', { measured_on: 'x', 'measured_on.acc': 'z' }, { measured_on: 'x' }, true],
  ])('%s', (_, before, after, expected) => {
    expect(onSamePictures({ lineage: before }, { lineage: after }, 'ece')).toBe(expected);
  });
});
