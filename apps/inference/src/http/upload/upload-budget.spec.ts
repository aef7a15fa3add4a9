import type { PawlError } from '@pawl/shared/errors/pawl-error';
import { FakeClock } from '@pawl/shared/concurrency/test/fake-clock';
import { UploadBudget, type UploadReservation } from './upload-budget.ts';

const MB = 1_000_000;
const LIMIT = 100 * MB;
const withCode = (code: string) => expect.objectContaining({ code }) as Error;

let clock: FakeClock;
let budget: UploadBudget;
let evicted: [name: string, error: PawlError][];

beforeEach(() => {
  clock = new FakeClock();
  budget = new UploadBudget({ limit: LIMIT, clock });
  evicted = [];
});

const open = (name = 'x') => budget.reserve((error) => evicted.push([name, error]));
const send = (upload: UploadReservation, bytes: number) => {
  upload.arrived(bytes);
  upload.grow(bytes);
};
/** The attack: uploads of 9 MB that come at once and never end; those for which there is room. */
const stalled = (count: number) => {
  for (let index = 0; index < count; index += 1) {
    const upload = open(`stalled-${index}`);
    for (let sent = 0; sent < 9 * MB; sent += MB / 2)
      try {
        send(upload, MB / 2);
      } catch {
        break;
      }
  }
};

describe('UploadBudget', () => {
  it('counts what is held, gives it back once, and refuses more than the limit', () => {
    const upload = open();
    send(upload, 70 * MB);
    upload.shrink(20 * MB);
    expect(budget.held).toBe(50 * MB);
    expect(() => {
      open().grow(60 * MB);
    }).toThrow(withCode('OVERLOADED'));
    upload.release();
    upload.release();
    expect(budget.held).toBe(0);
    expect(() => {
      upload.grow(1);
    }).toThrow(withCode('UPLOAD_INCOMPLETE'));
    expect(() => {
      upload.arrived(1);
    }).toThrow(withCode('UPLOAD_INCOMPLETE'));
  });

  it('keeps a share for small uploads that large ones never get', () => {
    stalled(11);
    expect(budget.held).toBeLessThanOrEqual(0.81 * LIMIT);
    expect(() => {
      send(open(), 100_000);
    }).not.toThrow();
    expect(evicted).toEqual([]);
  });

  it('ends stalled uploads when another one needs the room, one by one, with the reason', async () => {
    stalled(11);
    await clock.advance(3_000);
    send(open('honest'), 5 * MB);
    expect(evicted).toHaveLength(1);
    const [name, error] = evicted[0]!;
    expect([name, error.code, error.message]).toEqual([
      'stalled-0',
      'UPLOAD_TIMEOUT',
      'The memory for uploads is full, and this one was the slowest, at 0.0 kB/s.',
    ]);
    expect(budget.held).toBeLessThanOrEqual(0.81 * LIMIT);
  });

  it('makes room for a small upload even where stalled small ones have taken everything', async () => {
    for (let index = 0; index < 250; index += 1) {
      const upload = open(`stalled-${index}`);
      if (budget.held + 400_000 <= LIMIT) send(upload, 400_000);
    }
    const refused = open();
    expect(() => {
      refused.grow(400_000);
    }).toThrow(withCode('OVERLOADED'));
    await clock.advance(3_000);
    expect(() => {
      refused.grow(400_000);
    }).not.toThrow();
    expect(evicted).toHaveLength(1);
  });

  it('ends the slowest first', async () => {
    const [fast, slow] = [open('fast'), open('slow')];
    send(fast, 40 * MB);
    send(slow, 39 * MB);
    for (let second = 0; second < 3; second += 1) {
      await clock.advance(1_000);
      fast.arrived(50_000);
      slow.arrived(1_000);
    }
    send(open('new'), 5 * MB);
    expect(evicted.map(([name]) => name)).toEqual(['slow']);
  });

  it.each<[string, (upload: UploadReservation) => void, number]>([
    [
      'that is fast',
      (upload) => {
        upload.arrived(MB);
      },
      5 * MB,
    ],
    [
      'that is whole',
      (upload) => {
        upload.complete();
      },
      5 * MB,
    ],
    ['for one that could not be held alone', () => undefined, 81 * MB],
  ])('ends no upload %s', async (_, happens, wanted) => {
    const upload = open();
    send(upload, 79 * MB);
    await clock.advance(5_000);
    happens(upload);
    expect(() => {
      open().grow(wanted);
    }).toThrow(withCode('OVERLOADED'));
    expect(evicted).toEqual([]);
  });

  it('does not look through a crowd for every chunk, and finds a slow one soon', async () => {
    send(open('stalled'), 79 * MB);
    await clock.advance(950);
    const refused = open();
    const grow = () => {
      refused.grow(5 * MB);
    };
    expect(grow).toThrow(withCode('OVERLOADED'));
    await clock.advance(60);
    expect(grow).toThrow(withCode('OVERLOADED'));
    await clock.advance(2_000);
    expect(grow).not.toThrow();
    expect(evicted.map(([name]) => name)).toEqual(['stalled']);
  });

  it('ends no upload that has only begun', async () => {
    send(open(), 79 * MB);
    await clock.advance(900);
    expect(() => {
      open().grow(5 * MB);
    }).toThrow(withCode('OVERLOADED'));
    expect(evicted).toEqual([]);
  });
});
