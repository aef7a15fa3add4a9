import { createHash } from 'node:crypto';
import { RecentFeedback } from './recent-feedback.ts';

const fingerprint = (of: number): Buffer => createHash('sha256').update(String(of)).digest().subarray(0, 16);

describe('the latest feedback', () => {
  it('tells what is new from what is there, with its label', () => {
    const recent = new RecentFeedback(100);
    expect(recent.add(fingerprint(1), 0)).toBeUndefined();
    expect(recent.add(fingerprint(2), 65_534)).toBeUndefined();
    expect(recent.add(fingerprint(1), 1)).toBe(0);
    expect(recent.add(fingerprint(1), 1)).toBe(0);
    expect(recent.add(fingerprint(2), 0)).toBe(65_534);
  });

  it('finds each of the latest ones, as many as it promises, at any time', () => {
    const capacity = 50;
    const recent = new RecentFeedback(capacity);
    const lost: number[] = [];
    for (let at = 0; at < 500; at++) {
      expect(recent.add(fingerprint(at), at % 7)).toBeUndefined();
      for (let back = 0; back < Math.min(capacity, at); back++)
        if (recent.add(fingerprint(at - back), 9) !== (at - back) % 7) lost.push(at - back);
    }
    expect(lost).toEqual([]);
  });

  it('forgets what is older than twice that', () => {
    const recent = new RecentFeedback(50);
    for (let at = 0; at <= 100; at++) recent.add(fingerprint(at), 3);
    expect(recent.add(fingerprint(0), 4)).toBeUndefined();
  });

  it('takes 30 bytes each, whatever comes, and nothing before the first', () => {
    const capacity = 10_000;
    const recent = new RecentFeedback(capacity);
    expect(recent.bytes).toBe(0);
    recent.add(fingerprint(0), 0);
    const { bytes } = recent;
    expect(bytes / capacity).toBeCloseTo(30, 1);
    const random = Buffer.alloc(16);
    for (let at = 0; at < 300_000; at++) {
      random.writeUInt32LE(Math.imul(at, 0x9e3779b1) >>> 0, 0);
      random.writeUInt32LE(at, 4);
      recent.add(random, at % 3);
    }
    expect(recent.bytes).toBe(bytes);
  });

  it('keeps apart what begins alike', () => {
    const recent = new RecentFeedback(20);
    const alike = Array.from({ length: 20 }, (_, low) => {
      const each = Buffer.alloc(16);
      each.writeUInt32LE(7, 0);
      each.writeUInt32LE(low, 4);
      return each;
    });
    for (const [label, each] of alike.entries()) expect(recent.add(each, label)).toBeUndefined();
    for (const [label, each] of alike.entries()) expect(recent.add(each, 0)).toBe(label);
  });

  it('works with room for one', () => {
    const recent = new RecentFeedback(1);
    expect([1, 1, 2, 2, 3, 1].map((each) => recent.add(fingerprint(each), 5))).toEqual([
      undefined,
      5,
      undefined,
      5,
      undefined,
      undefined,
    ]);
  });
});
