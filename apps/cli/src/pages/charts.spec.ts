import { columns, lineChart, rows, strip } from './charts.ts';

const line = (values: readonly (number | null)[], more = {}) =>
  lineChart({
    title: 'Requests',
    figure: '7',
    values,
    least: [0, 10],
    format: (value) => `<${value}>`,
    ticks: ['a', 'b'],
    ...more,
  }).html;

const pathOf = (html: string) => /<path[^>]* d="([^"]*)"/.exec(html)?.[1];

it.each<[string, readonly (number | null)[], string]>([
  ['goes through all that is known', [0, 5, 10], 'M0 100.00L1 50.00L2 0.00'],
  ['has a gap where nothing is', [0, null, 10, 5], 'M0 100.00h0M2 0.00L3 50.00'],
  ['stretches to what is beyond its axis', [0, 20], 'M0 100.00L1 0.00'],
  ['is empty where nothing is known', [null, null], ''],
])('a line %s', (_, values, expected) => {
  expect(pathOf(line(values))).toBe(expected);
});

it('writes the ends of its axis, and nothing as markup that is none', () => {
  const html = line([0, 20], { title: '<b>', limit: { value: 5, name: 'alarm' } });
  expect(html).toContain('&lt;20&gt;');
  expect(html).toContain('&lt;0&gt;');
  expect(html).toContain('&lt;b&gt;');
  expect(html).toContain('top:75.0%');
  expect(html).not.toMatch(/<b>|<20>/);
});

it('draws steps of one kind as one piece', () => {
  const found = [...strip(['', 'a', 'a', 'b', '', 'a']).html.matchAll(/class="(\w)" x="(\d)" y="0" width="(\d)"/g)];
  expect(found.map(([, ...piece]) => piece)).toEqual([
    ['a', '1', '2'],
    ['b', '3', '1'],
    ['a', '5', '1'],
  ]);
});

it('compares pairs by the largest of all, and says their numbers', () => {
  const pairs = [
    { name: 'below <1>', then: 0.5, now: 0.25 },
    { name: 'from 1', then: 0.5, now: null },
  ];
  const html = columns(pairs).html;
  expect(html).toContain('<title>below &lt;1&gt;: 50.0 % then, 25.0 % now</title>');
  expect(html).toContain('<title>from 1: 50.0 % then, nothing now</title>');
  expect([...html.matchAll(/class="(?:then|now)"[^>]* height="([^"]*)"/g)].map(([, height]) => height)).toEqual([
    '100.00',
    '50.00',
    '100.00',
    '0.00',
  ]);
  expect([...rows(pairs).html.matchAll(/width:([\d.]+)%/g)].map(([, width]) => width)).toEqual([
    '100.0',
    '50.0',
    '100.0',
    '0.0',
  ]);
});
