import { WorkTime } from './work-time.ts';

describe('the usual time of work', () => {
  it('is nothing before the first image', () => {
    expect(new WorkTime().exceeds(0)).toBe(false);
  });

  it('follows a worker that becomes slow, and one that becomes quick again', () => {
    const time = new WorkTime();
    for (let n = 0; n < 20; n++) time.observe(20);
    expect([time.exceeds(10), time.exceeds(30)]).toEqual([true, false]);
    for (let n = 0; n < 3; n++) time.observe(4_000);
    expect([time.exceeds(1_000), time.exceeds(3_000)]).toEqual([true, false]);
    for (let n = 0; n < 25; n++) time.observe(20);
    expect(time.exceeds(50)).toBe(false);
  });
});
