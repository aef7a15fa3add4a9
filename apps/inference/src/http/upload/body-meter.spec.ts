import { PawlError } from '@pawl/shared/errors/pawl-error';
import { BodyMeter } from './body-meter.ts';

const meter = (maxBytes = 10_000_000) =>
  new BodyMeter(maxBytes, () => new PawlError('FILE_TOO_LARGE', { message: 'too large' }));
const take = (counter: BodyMeter, chunks: number, bytes: number) => {
  for (let taken = 0; taken < chunks; taken += 1) counter.take(bytes);
};

describe('BodyMeter', () => {
  it('takes the bytes that are allowed and not one more', () => {
    const counter = meter(1_000);
    take(counter, 2, 500);
    expect(() => {
      counter.take(1);
    }).toThrow(expect.objectContaining({ code: 'FILE_TOO_LARGE' }) as Error);
  });

  it('takes ten thousand chunks of any size, as a client on a terminal may send', () => {
    expect(() => {
      take(meter(), 10_000, 1);
    }).not.toThrow();
  });

  it('refuses a body of tiny chunks, and says how small they are', () => {
    expect(() => {
      take(meter(), 1_500_000, 1);
    }).toThrow(/10079 chunks of 1\.0 bytes on average/);
  });

  it('takes any number of chunks of the size of packets', () => {
    expect(() => {
      take(meter(1e9), 100_000, 1_460);
    }).not.toThrow();
  });
});
