import { begunAtOf, objectName } from './object-name.ts';

const origin = { begunAt: Date.UTC(2026, 10, 30, 3, 44, 57, 123), instance: '0a1b2c3d4e5f', number: 42 };

describe('objectName', () => {
  it('says the day, the time, the process and the number', () => {
    expect(objectName(origin)).toBe('2026-11-30/20261130T034457123Z-0a1b2c3d4e5f-000042.jsonl.gz');
  });

  it('sorts by time, within a day and across days', () => {
    const times = [0, 1, 999, 1_000, 86_399_999, 86_400_000, 40 * 86_400_000, 400 * 86_400_000];
    const names = times.map((ms, i) => objectName({ ...origin, begunAt: origin.begunAt + ms, number: 99 - i }));
    expect(names.toSorted()).toEqual(names);
  });

  it('never gives a name twice, whatever the clock and the other processes do', () => {
    const names = [
      objectName(origin),
      objectName({ ...origin, number: 43 }),
      objectName({ ...origin, begunAt: origin.begunAt - 3_600_000, number: 44 }),
      objectName({ ...origin, instance: 'ffffffffffff' }),
      objectName({ ...origin, number: 1_000_042 }),
    ];
    expect(new Set(names).size).toBe(names.length);
  });
});

describe('begunAtOf', () => {
  it('reads the time of a name, with or without folders before it', () => {
    expect(begunAtOf(objectName(origin))).toBe(origin.begunAt);
    expect(begunAtOf(`logs/prod/${objectName(origin)}`)).toBe(origin.begunAt);
  });

  it.each(['predictions.jsonl.gz', '2026-11-30/20269930T034457123Z-a-000001.jsonl.gz', 'x.jsonl'])(
    'knows nothing of %s',
    (name) => {
      expect(begunAtOf(name)).toBeUndefined();
    },
  );
});
