import type { Direction } from './drift-report.ts';
import { meaningOf } from './meaning.ts';

const meaning = (moves: Readonly<Record<string, Direction>>) =>
  meaningOf(new Map(Object.entries(moves))).map(({ statistics, says }) => [statistics.join(' '), says]);

it.each<[string, Record<string, Direction>, readonly (readonly [string, RegExp])[]]>([
  ['nothing', {}, []],
  [
    'stronger compression, with the size of the file that follows from it',
    { bytes: 'down', bytes_per_pixel: 'down' },
    [['bytes_per_pixel bytes', /compressed more strongly/]],
  ],
  [
    'blur, which needs fewer bytes too',
    { sharpness: 'down', bytes_per_pixel: 'down' },
    [['bytes_per_pixel sharpness', /less detail/]],
  ],
  [
    'darkness, with the contrast and detail that shrink with it',
    { sharpness: 'down', brightness: 'down', contrast: 'down', saturation: 'down' },
    [['brightness contrast saturation sharpness', /darker/]],
  ],
  [
    'what does not follow from it on its own',
    { brightness: 'down', sharpness: 'up' },
    [
      ['brightness', /darker/],
      ['sharpness', /more fine detail/],
    ],
  ],
  [
    'uprightness, whichever side changed',
    { aspect: 'down', width: 'down', height: 'up' },
    [['aspect width height', /upright/]],
  ],
  [
    'two things at once',
    { width: 'down', height: 'down', brightness: 'up' },
    [
      ['width height', /arrive smaller/],
      ['brightness', /brighter/],
    ],
  ],
  ['what is not known', { known: 'down' }, [['known', /not trained for/]]],
  [
    'content that simple numbers miss',
    { projection_0: 'up', projection_2: 'other' },
    [['projection_0 projection_2', /What the pictures show/]],
  ],
  ['another mix of labels', { label: 'other' }, [['label', /another mix/]]],
  ['sizes without a direction', { width: 'wider', bytes: 'other' }, [['width bytes', /Sizes of pictures/]]],
  ['the file alone', { bytes: 'up' }, [['bytes', /Sizes of pictures/]]],
])('%s', (_, moves, expected) => {
  const found = meaning(moves);
  expect(found.map(([statistics]) => statistics)).toEqual(expected.map(([statistics]) => statistics));
  for (const [index, [, says]] of expected.entries()) expect(found[index]?.[1]).toMatch(says);
});

it('has words for every statistic and direction', () => {
  const names = [
    'brightness',
    'contrast',
    'saturation',
    'sharpness',
    'width',
    'height',
    'aspect',
    'bytes',
    'bytes_per_pixel',
  ];
  const all = [...names, 'confidence', 'known', 'label', 'projection_3'];
  const directions: readonly Direction[] = ['up', 'down', 'wider', 'narrower', 'other'];
  const silent = all.flatMap((name) =>
    directions.filter((to) => meaning({ [name]: to }).length !== 1).map((to) => [name, to]),
  );
  expect(silent).toEqual([]);
});
