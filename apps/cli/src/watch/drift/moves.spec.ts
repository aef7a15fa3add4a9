import { directionOf, distanceOf, sharesOf } from './moves.ts';

const even = [0.2, 0.2, 0.2, 0.2, 0.2];

it.each([
  ['up', [0, 0.1, 0.2, 0.3, 0.4]],
  ['down', [0.4, 0.3, 0.2, 0.1, 0]],
  ['wider', [0.4, 0.1, 0, 0.1, 0.4]],
  ['narrower', [0.05, 0.3, 0.3, 0.3, 0.05]],
  ['other', [0.2, 0.02, 0.56, 0.02, 0.2]],
])('a mix moved %s', (direction, now) => {
  expect(directionOf(even, now)).toBe(direction);
});

it('has a direction also with two bins', () => {
  expect(directionOf([0.5, 0.5], [0.2, 0.8])).toBe('up');
});

it('is as far as the part of the pictures that changed places', () => {
  expect(distanceOf(even, even)).toBe(0);
  expect(distanceOf([0.5, 0.5, 0], [0, 0.5, 0.5])).toBe(0.5);
  expect(distanceOf([1, 0], [0, 1])).toBe(1);
});

it('has no shares of nothing', () => {
  expect([sharesOf([]), sharesOf([0, 0]), sharesOf([1, 3])]).toEqual([undefined, undefined, [0.25, 0.75]]);
});
