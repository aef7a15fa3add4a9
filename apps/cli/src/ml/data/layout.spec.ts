import { drawnSplits, recogniseLayout, type Place } from './layout.ts';

const read = (...paths: readonly string[]) => {
  const { description, given, unlabelled, places } = recogniseLayout(paths, 'raw');
  const shown = places.map((place: Place) =>
    'reason' in place
      ? `(${place.reason})`
      : [...(place.split === undefined ? [] : [place.split]), place.label].join('/'),
  );
  return [description, given.join(), unlabelled.join(), ...shown];
};
const nowhere = '(not in a folder of a label)';
const nothing = '(neither a folder nor its name says a label)';

describe('the layout of photographs', () => {
  it.each([
    ['nothing', [], ['one folder a label', '', '']],
    ['one folder a label', ['cat/1.jpg', 'dog/puppies/2.jpg'], ['one folder a label', '', '', 'cat', 'dog']],
    ['a file beside them', ['1.jpg', 'cat/1.jpg', 'dog/2.jpg'], ['one folder a label', '', '', nowhere, 'cat', 'dog']],
    [
      'names of files in folders of labels, which say nothing more',
      ['cat/cat.1.jpg', 'cat/dog.2.jpg', 'dog/dog.1.jpg'],
      ['one folder a label', '', '', 'cat', 'cat', 'dog'],
    ],
    ['one label', ['cat/1.jpg', 'cat/2.jpg'], ['one folder a label', '', '', 'cat', 'cat']],
    ['one label with a folder', ['cat/1.jpg', 'cat/a/2.jpg'], ['one folder a label', '', '', 'cat', 'cat']],
    ['names of one label', ['cat/cat.1.jpg', 'cat/cat.2.jpg'], ['one folder a label', '', '', 'cat', 'cat']],
    ['files alone', ['1.jpg', '2.jpg'], ['one folder a label', '', '', nowhere, nowhere]],
    [
      'a folder around them, and names',
      ['readme.png', 'PetImages/Cat/0.jpg', 'PetImages/Golden Retriever/0.jpg'],
      [
        'one folder a label in PetImages/ (Cat is cat, Golden Retriever is golden_retriever)',
        '',
        '',
        nowhere,
        'cat',
        'golden_retriever',
      ],
    ],
    [
      'two folders around them, and names that differ in their case',
      ['a/b/Cat/0.jpg', 'a/b/cat/1.jpg', 'a/b/dog/0.jpg'],
      ['one folder a label in a/b/ (Cat is cat)', '', '', 'cat', 'cat', 'dog'],
    ],
    [
      'many names',
      ['A/1.jpg', 'B/1.jpg', 'C/1.jpg', 'D/1.jpg', 'E/1.jpg'],
      ['one folder a label (A is a, B is b, C is c, 2 more alike)', '', '', 'a', 'b', 'c', 'd', 'e'],
    ],
    [
      'labels before a number',
      ['train/cat.0.jpg', 'train/Dog.12.jpg', 'x.jpg'],
      ['the label before a number in the names of the files in train/ (Dog is dog)', '', '', 'cat', 'dog', nowhere],
    ],
    [
      'the same beside no folder',
      ['cat.0.jpg', 'dog.0.jpg'],
      ['the label before a number in the names of the files', '', '', 'cat', 'dog'],
    ],
    [
      'the same with a test folder without labels',
      ['train/cat.0.jpg', 'train/dog.12.jpg', 'test1/1.jpg'],
      ['the label before a number in the names of the files in train/', '', 'test1/', 'cat', 'dog', nothing],
    ],
    [
      'splits',
      ['train/cat/1.jpg', 'train/dog/1.jpg', 'valid/cat/2.jpg', 'test/dog/any/3.jpg', '1.jpg'],
      [
        'train/valid/test folders; their splits are kept',
        'train,val,test',
        '',
        'train/cat',
        'train/dog',
        'val/cat',
        'test/dog',
        nowhere,
      ],
    ],
    [
      'two splits in a folder, one with a file beside its labels',
      ['Set/Test/Cat/1.jpg', 'Set/Train/cat/1.jpg', 'Set/Train/dog/1.jpg', 'Set/Train/1.jpg'],
      [
        'Train/Test folders in Set/; their splits are kept (Cat is cat)',
        'train,test',
        '',
        'test/cat',
        'train/cat',
        'train/dog',
        nowhere,
      ],
    ],
    [
      'splits twice, as archives have them',
      ['training_set/training_set/cats/1.jpg', 'training_set/training_set/dogs/1.jpg', 'test_set/test_set/cats/1.jpg'],
      [
        'training_set/test_set folders; their splits are kept',
        'train,test',
        '',
        'train/cats',
        'train/dogs',
        'test/cats',
      ],
    ],
    [
      'splits with labels before a number',
      ['train/cat.0.jpg', 'train/dog.1.jpg', 'test/cat.2.jpg', 'test/dog.3.jpg'],
      ['train/test folders; their splits are kept', 'train,test', '', 'train/cat', 'train/dog', 'test/cat', 'test/dog'],
    ],
    ['train alone', ['train/cat/1.jpg', 'train/dog/1.jpg'], ['one folder a label in train/', '', '', 'cat', 'dog']],
    [
      'train with a test that has no labels',
      ['train/cat/1.jpg', 'train/dog/1.jpg', 'test/test/1.jpg'],
      ['one folder a label in train/', '', 'test/', 'cat', 'dog', nothing],
    ],
    [
      'a label that is called as a split',
      ['train/1.jpg', 'bus/2.jpg', 'car/red/1.jpg'],
      ['one folder a label', '', '', 'train', 'bus', 'car'],
    ],
  ])('%s', (_, paths, expected) => {
    expect(read(...paths)).toEqual(expected);
  });

  it.each([
    [
      'splits beside labels',
      ['train/cat/1.jpg', 'test/cat/1.jpg', 'dog/1.jpg'],
      /train and test, called as splits are, beside dog: are/,
    ],
    ['one split beside labels', ['train/cat/1.jpg', 'dog/1.jpg'], /train, called as splits are, beside dog: are/],
    ['splits without labels', ['train/1.jpg', 'test/1.jpg'], /train\/ and test\/ of raw are folders of splits/],
    ['no train', ['val/cat/1.jpg', 'test/dog/1.jpg'], /val\/ and test\/ with labels, and no train\//],
    ['a train without labels', ['x/train/1.jpg', 'x/test/cat/1.jpg'], /x\/test\/ with labels, and no train/],
    [
      'some names with a label',
      ['train/cat.0.jpg', 'train/dog.1.jpg', 'train/IMG_1.jpg'],
      /\(cat and dog\), and train\/IMG_1.jpg has none/,
    ],
    [
      'photographs beside folders',
      ['Pets/Cat/1.jpg', 'Pets/Dog/1.jpg', 'Pets/all.jpg'],
      /beside folders in Pets\/: all.jpg beside Cat and Dog/,
    ],
  ])('refuses %s, and says what to do', (_, paths, message) => {
    expect(() => read(...paths)).toThrow(
      expect.objectContaining({
        code: 'DATA_LAYOUT_UNCLEAR',
        message: expect.stringMatching(message) as string,
      }) as Error,
    );
  });

  it.each([
    [['C/1.jpg', 'C#/1.jpg'], /"C" and "C#" of raw would both be the label c/],
    [['猫/1.jpg', 'dog/1.jpg'], /"猫" of raw cannot be a label/],
  ])('refuses names that make no label: %j', (paths, message) => {
    expect(() => read(...paths)).toThrow(
      expect.objectContaining({
        code: 'DATA_LABEL_INVALID',
        message: expect.stringMatching(message) as string,
      }) as Error,
    );
  });

  it('says which splits are to be drawn', () => {
    const ratios = { train: 0.8, val: 0.1, test: 0.1 };
    expect(drawnSplits(['train', 'test'], ratios)).toEqual(['val']);
    expect(drawnSplits(['train', 'val'], { ...ratios, test: 0 })).toEqual([]);
    expect(drawnSplits([], ratios)).toEqual([]);
  });
});
