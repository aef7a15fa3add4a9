import { chooseSure, isLoss, MARGINS, stageCurve, type StageRow } from './curve.ts';

const row = (margin: number, firstRight: boolean, finalRight = true): StageRow => ({ margin, firstRight, finalRight });
const times = (count: number, of: StageRow) => Array.from({ length: count }, () => of);
const costs = { first: 3, final: 10 };
const at = (rows: readonly StageRow[], sure: number) => stageCurve(rows, costs, [sure])[0]!;

describe('stageCurve', () => {
  const rows = [row(1, false), row(2, true), row(2, true, false), row(5, false, false), row(-Infinity, false)];

  it('counts who answers and what changes', () => {
    expect(at(rows, 0)).toEqual({ sure: 0, passedOn: 0.2, accuracy: 0.6, fixed: 1, broken: 1, lost: 0, p: 1, ms: 5 });
    expect(at(rows, 2)).toEqual({
      sure: 2,
      passedOn: 0.4,
      accuracy: 0.8,
      fixed: 1,
      broken: 0,
      lost: -0.2,
      p: 1,
      ms: 7,
    });
    expect(at(rows, 2.1)).toEqual({
      sure: 2.1,
      passedOn: 0.8,
      accuracy: 0.6,
      fixed: 0,
      broken: 0,
      lost: 0,
      p: 1,
      ms: 11,
    });
  });

  it('is the final stage alone, after the first in vain, where the margin is out of reach', () => {
    expect(at(rows, 6)).toMatchObject({ passedOn: 1, accuracy: 0.6, fixed: 0, broken: 0, ms: 13 });
  });

  it('always passes on what the first stage does not know', () => {
    expect(at([row(-Infinity, false)], 0)).toMatchObject({ passedOn: 1, accuracy: 1 });
  });
});

describe('the margin that is chosen', () => {
  const chosen = (rows: readonly StageRow[]) => chooseSure(stageCurve(rows, costs, MARGINS))?.sure;

  it('calls four pictures lost for none gained a loss, three not, and four for three not', () => {
    const rest = times(2_000, row(1, true));
    expect(isLoss(at([...times(4, row(1, false)), ...rest], 0))).toBe(true);
    expect(isLoss(at([...times(3, row(1, false)), ...rest], 0))).toBe(false);
    expect(isLoss(at([...times(4, row(1, false)), ...times(3, row(1, true, false)), ...rest], 0))).toBe(false);
  });

  it('calls more than two in a thousand a loss, though chance may have done it', () => {
    expect(isLoss(at([row(1, false), ...times(499, row(1, true))], 0))).toBe(false);
    expect(isLoss(at([row(1, false), ...times(498, row(1, true))], 0))).toBe(true);
  });

  it('does not call a gain a loss, however sure', () => {
    expect(isLoss(at(times(20, row(1, true, false)), 0))).toBe(false);
  });

  it('is the smallest without a loss', () => {
    expect(chosen([...times(9, row(2, false)), ...times(90, row(8, true))])).toBe(2.25);
    expect(chosen(times(90, row(8, true)))).toBe(0);
  });

  it('is not one below a loss, though gains make up for it there', () => {
    expect(chosen([...times(9, row(1, true, false)), ...times(9, row(4, false)), ...times(50, row(9, true))])).toBe(
      4.25,
    );
  });

  it('is none where the first stage is wrong at any margin', () => {
    expect(chosen(times(9, row(50, false)))).toBeUndefined();
  });
});
