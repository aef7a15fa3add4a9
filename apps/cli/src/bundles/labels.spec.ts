import { LABEL_ID } from '@pawl/shared/bundle/manifest';
import { idOf, toLabels, withName } from './labels.ts';

describe('the ids of labels', () => {
  it.each([
    [['cat', 'dog'], ['cat', 'dog'], {}],
    [['0', '1'], ['0', '1'], {}],
    [
      ['Golden Retriever', 'hot-dog', 'grün', 'Straße'],
      ['golden_retriever', 'hot_dog', 'grun', 'strasse'],
      { golden_retriever: 'Golden Retriever', hot_dog: 'hot-dog', grun: 'grün', strasse: 'Straße' },
    ],
    [
      ['tench, Tinca tinca', 'great white shark'],
      ['tench_tinca_tinca', 'great_white_shark'],
      { tench_tinca_tinca: 'tench, Tinca tinca', great_white_shark: 'great white shark' },
    ],
    [['猫', '犬'], ['label_0', 'label_1'], { label_0: '猫', label_1: '犬' }],
    [['Crane', 'crane'], ['crane_2', 'crane'], { crane_2: 'Crane' }],
    [['_private', 'x'], ['private', 'x'], { private: '_private' }],
  ])('of %j', (given, ids, names) => {
    expect(toLabels(given, 'x')).toEqual({ ids, names });
  });

  it('are ids and differ, however long the names are', () => {
    const { ids } = toLabels(
      ['x'.repeat(80), `${'x'.repeat(80)}!`, `${'y'.repeat(62)}-z`].map((name) => name.toUpperCase()),
      'x',
    );
    expect(new Set(ids).size).toBe(3);
    for (const id of ids) expect(id).toMatch(LABEL_ID);
  });

  it.each([
    [['cat'], /one label/],
    [[], /no label/],
    [['cat', ' '], /Label 2 of 2 in labels.txt is empty/],
    [['cat', 'dog', 'cat'], /label cat twice/],
  ])('are refused for %j', (given, message) => {
    expect(() => toLabels(given, 'labels.txt')).toThrow(message);
  });

  const labels = toLabels(['Golden Retriever', 'grün', '0'], 'x');
  it.each([
    ['golden_retriever', 'golden_retriever'],
    ['Golden Retriever', 'golden_retriever'],
    ['golden-retriever', 'golden_retriever'],
    // As macOS writes the name of a folder: u and a combining diaeresis.
    ['gru\u0308n', 'grun'],
    ['0', '0'],
    ['poodle', undefined],
  ])('is found by %j', (called, expected) => {
    expect(idOf(labels, called)).toBe(expected);
  });

  it('are shown with the name', () => {
    expect(['grun', '0'].map((id) => withName(id, labels.names))).toEqual(['grun (grün)', '0']);
  });
});
