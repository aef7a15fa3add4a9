import { measureImage } from './image-statistics.ts';

/** A grey picture from its values, row by row. */
const grey = (rows: readonly (readonly number[])[]): Uint8Array =>
  Uint8Array.from(rows.flat().flatMap((value) => [value, value, value]));

describe('sharpness', () => {
  it('is 0 of one colour, and the step of stripes and of a chessboard', () => {
    const of = (value: (x: number, y: number) => number) => {
      const rows = Array.from({ length: 16 }, (_, y) => Array.from({ length: 6 }, (__, x) => value(x, y)));
      return measureImage(grey(rows), 6).sharpness;
    };
    expect(of(() => 80)).toBe(0);
    expect(of((x, y) => ((x + y) % 2) * 100)).toBeCloseTo(100, 9);
    // Every step to the side is one, and none downwards: 5 of 11 neighbours.
    expect(of((x) => (x % 2) * 100)).toBeCloseTo((100 * 5) / 11, 9);
  });

  it('falls when steps are smoothed out, while brightness stays', () => {
    const step = measureImage(grey([[0, 0, 0, 255, 255, 255]]), 6);
    const ramp = measureImage(grey([[0, 51, 102, 153, 204, 255]]), 6);
    expect(step.sharpness).toBeCloseTo(51, 9);
    expect(ramp.sharpness).toBeCloseTo(51, 9);
    expect(measureImage(grey([[64, 85, 106, 149, 170, 191]]), 6).sharpness).toBeLessThan(30);
    expect(ramp.brightness).toBeCloseTo(step.brightness, 9);
  });
});

describe('a picture that is measured', () => {
  it('is looked at in every eighth row, from the first on', () => {
    const rows = Array.from({ length: 17 }, (_, y) => [y % 8 === 0 ? 200 : 0]);
    expect(measureImage(grey(rows), 1).brightness).toBeCloseTo(200, 9);
  });

  it('may have fewer rows than that, or none', () => {
    expect(measureImage(grey([[10]]), 1)).toMatchObject({ brightness: 10, contrast: 0, sharpness: 0 });
    expect(measureImage(new Uint8Array(0), 4)).toEqual({ brightness: 0, contrast: 0, saturation: 0, sharpness: 0 });
  });
});
